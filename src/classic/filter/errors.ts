import { defineErrors } from "../../util/index.ts";

/** Where in the expression: both count characters, `column` from 1. */
export interface Place {
  readonly column: number;
  readonly length: number;
}

type At<T = object> = Place & T;

export const filterError = defineErrors({
  E_FILTER_SYNTAX: (d: At<{ what: string }>) => `syntax error in filter expression at column ${d.column}: ${d.what}`,
  E_FILTER_NUMBER: (d: At<{ text: string; why: string }>) => `column ${d.column}: number ${d.text} ${d.why}`,
  E_FILTER_ADDRESS: (d: At<{ text: string; why: string }>) => `column ${d.column}: ${d.text}: ${d.why}`,
  E_FILTER_NAME: (d: At<{ text: string; why: string }>) => `column ${d.column}: ${d.why} '${d.text}'`,
  E_FILTER_HOST_NAME: (d: At<{ text: string }>) =>
    `column ${d.column}: host name '${d.text}' is not looked up, write its address`,
  E_FILTER_QUALIFIER: (d: At<{ why: string }>) => `column ${d.column}: ${d.why}`,
  E_FILTER_RANGE: (d: At<{ why: string }>) => `column ${d.column}: ${d.why}`,
  E_FILTER_LINK: (d: At<{ why: string }>) => `column ${d.column}: ${d.why}`,
  E_FILTER_LINK_TYPE: (d: { linkType: number }) => `link type ${d.linkType} is not known to the filter language`,
  E_FILTER_NEVER: (_: At) => "expression rejects all packets",
  E_FILTER_DEEP: (d: At) => `column ${d.column}: expression is nested too deeply`,
  E_FILTER_LONG: (d: At<{ instructions: number }>) =>
    `the program of this expression has ${d.instructions} instructions, the limit is 4096`,
  E_FILTER_SCRATCH: (d: At) => `column ${d.column}: expression needs more than 16 words of scratch memory`,
});
