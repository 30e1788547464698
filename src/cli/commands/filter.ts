import { compileExpression, type FilterProgram } from "../../classic/filter/index.ts";
import { BpfError } from "../../util/index.ts";
import { caretLines } from "../caret.ts";
import type { Options } from "../command.ts";
import { EXIT_INPUT, EXIT_USAGE } from "../exit.ts";
import { type CaptureSource, captureSource, filterCapture } from "../filter/capture.ts";
import { controlFlowDot } from "../filter/graph.ts";
import { linkTypeNames, parseLinkType } from "../filter/link-type.ts";
import { listing } from "../filter/listing.ts";
import { renderFilterReport } from "../filter/report.ts";
import { spellExpression } from "../filter/spell.ts";

const ETHERNET = 1;
const MAX_SNAPLEN = 262_144;

interface Request {
  readonly expression: string;
  /** Times that -d was given. */
  readonly listing: number;
  readonly ebpf: boolean;
  readonly explain: boolean;
  readonly optimize: boolean;
  readonly linkType: number | null;
  readonly snaplen: number | null;
  readonly input: string | undefined;
  readonly output: string | undefined;
}

/** The request, or what is wrong with it. */
function requestOf(args: readonly string[], options: Options): Request | string {
  const text = (name: string) => options[name] as string | undefined;
  const linkText = text("linkType");
  const linkType = linkText === undefined ? null : parseLinkType(linkText);
  const snaplen = text("snaplen") === undefined ? null : Number(text("snaplen"));
  const request: Request = {
    expression: args.join(" "),
    listing: (options["d"] as readonly unknown[] | undefined)?.length ?? 0,
    ebpf: options["ebpf"] === true,
    explain: options["explain"] === true,
    optimize: options["O"] !== true,
    linkType,
    snaplen,
    input: text("pcap"),
    output: text("pcapOut"),
  };
  if (linkText !== undefined && linkType === null) {
    return `--link-type ${linkText} is not known; there are ${linkTypeNames()}, and their numbers`;
  }
  if (snaplen !== null && !(Number.isInteger(snaplen) && snaplen >= 1 && snaplen <= MAX_SNAPLEN)) {
    return `--snaplen takes a whole number from 1 to ${MAX_SNAPLEN}, not "${text("snaplen")}"`;
  }
  const prints = [request.listing > 0, request.ebpf, request.explain].filter(Boolean).length;
  if (prints > 1) return "-d, --ebpf and --explain print different things: choose one";
  if (request.output !== undefined && request.input === undefined) return "--pcap-out needs --pcap";
  if (request.output !== undefined && prints > 0) return "--pcap-out filters; -d, --ebpf and --explain only print";
  if (linkType !== null && request.input !== undefined) return "--link-type is what the capture says: leave it out";
  return request;
}

/** The converted program; its rooms are loaded for those who ask only, they take longer to load than a filter to compile. */
async function ebpfText({ program }: FilterProgram): Promise<string> {
  const [{ disassemble }, { convertClassic }] = await Promise.all([
    import("../../asm/index.ts"),
    import("../../classic/convert.ts"),
  ]);
  return disassemble(convertClassic(program), { style: "kernel" });
}

/** The program in the form that was asked for. */
async function textOf(request: Request, compiled: FilterProgram): Promise<string> {
  const { program, ast } = compiled;
  if (request.ebpf) return ebpfText(compiled);
  if (request.explain) {
    const given = request.expression.replace(/\s+/g, " ").trim();
    return controlFlowDot(program, [`given:      ${given}`, `understood: ${spellExpression(ast)}`]);
  }
  return listing(program, Math.min(3, Math.max(1, request.listing)) as 1 | 2 | 3);
}

/** `anybpf filter EXPRESSION`: pcap-filter(7) expressions as programs, and over captures. */
export async function filter(args: readonly string[], options: Options): Promise<number> {
  const request = requestOf(args, options);
  if (typeof request === "string") {
    process.stderr.write(`anybpf filter: ${request}\n`);
    return EXIT_USAGE;
  }
  const compile = ({ linkType, snaplen }: CaptureSource) =>
    compileExpression(request.expression, {
      linkType,
      snaplen: request.snaplen ?? snaplen,
      optimize: request.optimize,
    });
  try {
    const { input } = request;
    if (input === undefined || request.listing > 0 || request.ebpf || request.explain) {
      const assumed = { linkType: request.linkType ?? ETHERNET, snaplen: MAX_SNAPLEN };
      const source = input === undefined ? assumed : await captureSource(input);
      process.stdout.write(await textOf(request, compile(source)));
      return 0;
    }
    const report = await filterCapture({
      input,
      output: request.output,
      compile: (source) => compile(source).program,
    });
    const text = renderFilterReport(request.expression, report);
    (request.output === "-" ? process.stderr : process.stdout).write(text);
    return 0;
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    process.stderr.write(`anybpf: ${error.message}\n${caretLines(request.expression, error)}`);
    return EXIT_INPUT;
  }
}
