import { type KernelFeatures, openLinux, probeFeatures } from "../../node/linux/index.ts";
import { ATTACH_TYPES, attachTypeLabel } from "../../uapi/index.ts";
import type { Options } from "../command.ts";
import { EXIT_USAGE } from "../exit.ts";

/** bpftool's sentences for the values of settings; `*` is any other value. */
const SETTINGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  unprivileged_bpf_disabled: {
    "0": "bpf() syscall for unprivileged users is enabled",
    "1": "bpf() syscall restricted to privileged users (without recovery)",
    "2": "bpf() syscall restricted to privileged users (admin can change)",
    null: "Unable to retrieve required privileges for bpf() syscall",
    "*": "bpf() syscall restriction has unknown value %",
  },
  bpf_jit_enable: {
    "0": "JIT compiler is disabled",
    "1": "JIT compiler is enabled",
    "2": "JIT compiler is enabled with debugging traces in kernel logs",
    null: "Unable to retrieve JIT-compiler status",
    "*": "JIT-compiler status has unknown value %",
  },
  bpf_jit_harden: {
    "0": "JIT compiler hardening is disabled",
    "1": "JIT compiler hardening is enabled for unprivileged users",
    "2": "JIT compiler hardening is enabled for all users",
    null: "Unable to retrieve JIT hardening status",
    "*": "JIT hardening status has unknown value %",
  },
  bpf_jit_kallsyms: {
    "0": "JIT compiler kallsyms exports are disabled",
    "1": "JIT compiler kallsyms exports are enabled for root",
    null: "Unable to retrieve JIT kallsyms export status",
    "*": "JIT kallsyms exports status has unknown value %",
  },
  bpf_jit_limit: {
    null: "Unable to retrieve global memory limit for JIT compiler for unprivileged users",
    "*": "Global memory limit for JIT compiler for unprivileged users is % bytes",
  },
};

const MISC: Readonly<Record<keyof KernelFeatures["misc"], string>> = {
  large_insn_limit: "Large program size limit",
  bounded_loops: "Bounded loop support",
  v2_isa_extension: "ISA extension v2",
  v3_isa_extension: "ISA extension v3",
  v4_isa_extension: "ISA extension v4",
  may_goto: "may_goto instruction",
};

const available = (what: string, is: boolean) => `${what} is ${is ? "" : "NOT "}available`;

/** The report in the words of `bpftool feature probe`. */
export function featureText(features: KernelFeatures): string {
  const settings = Object.entries(features.system.settings).map(([name, value]) => {
    const texts = SETTINGS[name]!;
    return (texts[String(value)] ?? texts["*"]!).replace("%", String(value));
  });
  const options = Object.entries(features.system.options).map(([name, value]) =>
    value === null ? `${name} is not set` : `${name} is set to ${value}`,
  );
  const helpers = Object.entries(features.helpers).flatMap(([type, names]) => [
    `eBPF helpers supported for program type ${type}:`,
    ...(names === null
      ? ["\tCould not determine which helpers are available"]
      : names.length === 0
        ? ["\tProgram type not supported"]
        : names.map((name) => `\t- ${name}`)),
  ]);
  const types = (what: string, rows: Readonly<Record<string, boolean>>) =>
    Object.entries(rows).map(([label, is]) => available(`eBPF ${what} ${label}`, is));
  const sections: [string, string[]][] = [
    ["system configuration", [...settings, ...options]],
    ["system call availability", [available("bpf() syscall", true)]],
    ["eBPF program types", types("program_type", features.programTypes)],
    ["eBPF map types", types("map_type", features.mapTypes)],
    ["eBPF helper functions", helpers],
    ["eBPF attach types", attachTypes(features)],
    ["miscellaneous eBPF features", misc(features)],
  ];
  return sections.map(([title, lines]) => `Scanning ${title}...\n${lines.join("\n")}\n`).join("\n");
}

function attachTypes({ attachTypes: names }: KernelFeatures): string[] {
  if (names === null) return ["Could not determine which attach types are available: the kernel has no BTF"];
  return ATTACH_TYPES.map(({ id, name }) => available(`eBPF attach_type ${attachTypeLabel(id)}`, names.includes(name)));
}

function misc({ misc: features, limits }: KernelFeatures): string[] {
  return [
    ...Object.entries(features).map(([name, is]) => available(MISC[name as keyof typeof MISC], is)),
    `Number of possible CPUs is ${limits.possibleCpus}`,
    `Page size is ${limits.pageSize} bytes`,
  ];
}

/** The report in the shape of `bpftool --json feature probe`, with what we know besides. */
export function featureJson(features: KernelFeatures): unknown {
  const have = (rows: Readonly<Record<string, boolean>>, suffix: string) =>
    Object.fromEntries(Object.entries(rows).map(([label, is]) => [`have_${label}${suffix}`, is]));
  return {
    release: features.release,
    system_config: { ...features.system.settings, ...features.system.options },
    syscall_config: { have_bpf_syscall: true },
    program_types: have(features.programTypes, "_prog_type"),
    map_types: have(features.mapTypes, "_map_type"),
    helpers: Object.fromEntries(
      Object.entries(features.helpers).map(([type, names]) => [`${type}_available_helpers`, names]),
    ),
    attach_types: features.attachTypes,
    misc: have(features.misc, ""),
    limits: features.limits,
  };
}

/** `anybpf feature probe`: what the running kernel can do. */
export async function feature(args: readonly string[], options: Options): Promise<number> {
  const [action, target = "kernel"] = args;
  if (action !== "probe" || target !== "kernel" || args.length > 2) {
    process.stderr.write(`anybpf feature: takes "probe", not "${args.join(" ")}"\n`);
    return EXIT_USAGE;
  }
  const kernel = await openLinux();
  try {
    const features = probeFeatures(kernel);
    process.stdout.write(
      options["json"] === true ? `${JSON.stringify(featureJson(features), null, 2)}\n` : featureText(features),
    );
  } finally {
    kernel[Symbol.dispose]();
  }
  return 0;
}
