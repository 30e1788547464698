/** What is told about one kind of refusal. */
export interface KindRow {
  /** What is not allowed, in one phrase. */
  readonly title: string;
  /** What the rule is for. */
  readonly why: string;
  /** What to do. */
  readonly repair: string;
  /** What the path may show to be behind it, by a word that is as stable as the kind. */
  readonly causes?: Readonly<Record<string, CauseRow>>;
}

/** One of several causes of the same message; stands in for the kind's own words. */
export interface CauseRow {
  readonly title: string;
  readonly why: string;
  readonly repair: string;
}
