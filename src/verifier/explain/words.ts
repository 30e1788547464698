/** What a register's state says, for people who do not read the log's words: kind of pointer by its beginning, then what matters. */
const POINTERS: readonly (readonly [start: string, words: string])[] = [
  ["scalar", "a number"],
  ["ctx", "the context"],
  ["fp", "a stack address"],
  ["pkt_end", "the end of the packet"],
  ["pkt_meta", "a pointer into the packet's metadata"],
  ["pkt", "a pointer into the packet"],
  ["map_ptr", "a map"],
  ["map_value_or_null", "a map's value, or NULL"],
  ["map_value", "a pointer into a map's value"],
  ["map_key", "a map's key"],
  ["sock_or_null", "a socket, or NULL"],
  ["sock_common_or_null", "a socket, or NULL"],
  ["tcp_sock_or_null", "a TCP socket, or NULL"],
  ["sock", "a socket"],
  ["tcp_sock", "a TCP socket"],
  ["ringbuf_mem_or_null", "a ring buffer reservation, or NULL"],
  ["ringbuf_mem", "a ring buffer reservation"],
  ["rdonly_mem", "memory that may only be read"],
  ["mem_or_null", "memory, or NULL"],
  ["mem", "memory"],
  ["trusted_ptr_or_null_", "a kernel object that is alive, or NULL"],
  ["trusted_ptr_", "a kernel object that is alive"],
  ["untrusted_ptr_", "a kernel object that may be gone"],
  ["rcu_ptr_or_null_", "a kernel object under RCU, or NULL"],
  ["rcu_ptr_", "a kernel object under RCU"],
  ["ptr_or_null_", "a kernel object, or NULL"],
  ["ptr_", "a kernel object"],
  ["func", "a function"],
];

const number = (text: string, name: string): string | null =>
  new RegExp(`(?:^|[(,=])${name}(?:=[a-z]+\\d*)*=(-?(?:0x[0-9a-f]+|\\d+))`).exec(text)?.[1] ?? null;

/** The range of a number or of what was added to a pointer. */
function range(text: string): string | null {
  const unsigned = [number(text, "umin"), number(text, "umax")];
  const signed = [number(text, "smin"), number(text, "smax")];
  const decimal = (value: string) => BigInt(value).toString();
  if (signed[0]?.startsWith("-")) return `${signed[0]} to ${signed[1] === null ? "any" : decimal(signed[1]!)}`;
  if (unsigned[1] !== null) return `${decimal(unsigned[0] ?? "0")} to ${decimal(unsigned[1]!)}`;
  return null;
}

/** A register's state in the log's words, in plain words; null where those say it already. */
export function inWords(known: string): string | null {
  const text = known.replace(/^P(?=-?\d|scalar)/, "");
  if (/^-?(0x[0-9a-f]+|\d+)$/.test(text)) return "this number exactly";
  const row = POINTERS.find(([start]) => text.startsWith(start));
  if (row === undefined) return null;
  const [start, words] = row;
  const numbers = range(text);
  if (start === "scalar") return numbers === null ? "any number" : `a number from ${numbers}`;
  const parts = [words];
  if (numbers !== null) parts.push(`moved by ${numbers} bytes`);
  else if (text.includes("var_off")) parts.push("moved by an unknown number of bytes");
  const off = number(text, "off");
  if (start === "pkt" || start === "pkt_meta") {
    const checked = number(text, "r") ?? "0";
    const from = text.includes("id=") ? "behind the number added last" : "of it";
    if (off !== null) parts.push(`at byte ${off} ${from}`);
    parts.push(checked === "0" ? "no byte is known to exist" : `the first ${checked} bytes ${from} are known to exist`);
  } else if (off !== null) parts.push(`at offset ${off}`);
  const size = number(text, "vs") ?? number(text, "sz");
  if (size !== null) parts.push(`${size} bytes long`);
  return parts.join(", ");
}
