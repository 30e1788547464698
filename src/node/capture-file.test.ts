import { execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { missing } from "../../test/support/needs.ts";
import { type CaptureFormat, ethernet, ipv4, LINKTYPE_ETHERNET, udp } from "../net/index.ts";
import { BpfError } from "../util/index.ts";
import { type OpenCaptureOptions, openCapture } from "./capture-file.ts";
import { CaptureWriter } from "./capture-writer.ts";

const folder = mkdtempSync(join(tmpdir(), "anybpf-capture-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string): string => join(folder, name);

const SECONDS = 1_760_000_000;
const frame = (i: number): Uint8Array =>
  ethernet(
    { minLength: 60 },
    ipv4(
      { source: "192.0.2.1", destination: "192.0.2.2" },
      udp({ source: 1000, destination: i }, new Uint8Array((i * 7) % 1400)),
    ),
  );

function write(name: string, count: number, format?: CaptureFormat): string {
  const writer = new CaptureWriter(path(name), format === undefined ? {} : { format });
  for (let i = 0; i < count; i++) writer.write(frame(i), SECONDS + i, i * 1000);
  writer.finish();
  return path(name);
}

async function read(file: string, options: OpenCaptureOptions = {}) {
  const capture = openCapture(file, options);
  const packets: { data: Uint8Array; seconds: number; nanos: number }[] = [];
  for await (const batch of capture) {
    for (let i = 0; i < batch.count; i++) {
      packets.push({ data: batch.packet(i).slice(), seconds: batch.seconds[i]!, nanos: batch.nanos[i]! });
    }
  }
  return { packets, capture };
}

async function failure(action: () => unknown): Promise<string> {
  try {
    await action();
  } catch (error) {
    if (error instanceof BpfError) return error.code;
    throw error;
  }
  return "no error";
}

/** Every name and format, several buffers long. */
const FILES: readonly (readonly [string, CaptureFormat | undefined])[] = [
  ["a.pcap", undefined],
  ["a.pcap.gz", undefined],
  ["a.pcapng", undefined],
  ["a.pcapng.gz", undefined],
  ["micro.pcap", "pcap"],
  ["micro.cap.gz", "pcap"],
];
const COUNT = 4000;

describe.each(FILES)("%s", (name, format) => {
  const file = write(name, COUNT, format);
  test("what is written is read again", async () => {
    const { packets, capture } = await read(file, { linkType: LINKTYPE_ETHERNET });
    expect(packets).toHaveLength(COUNT);
    packets.forEach((p, i) => {
      if (Buffer.compare(p.data, frame(i)) !== 0 || p.seconds !== SECONDS + i || p.nanos !== i * 1000) {
        throw new Error(`packet ${i} differs`);
      }
    });
    expect(capture.size).toBe(readFileSync(file).length);
    expect(capture.bytesRead).toBe(capture.size);
    expect(capture.compressed).toBe(name.endsWith(".gz"));
    expect(capture.format).toBe(name.includes("pcapng") ? "pcapng" : "pcap");
  });

  test("cut, it is refused", async () => {
    const bytes = readFileSync(file);
    writeFileSync(path("cut"), bytes.subarray(0, bytes.length - 5));
    expect(await failure(() => read(path("cut")))).toMatch(/^E_PCAP_(CUT|GZIP)$/);
  });
});

test("the consumer's buffer may lie in a WebAssembly memory that grows between batches", async () => {
  const file = write("moving.pcap", COUNT);
  const memory = new WebAssembly.Memory({ initial: 48 });
  let asked = 0;
  const buffer = () => {
    if (asked++ % 3 === 0) memory.grow(1);
    return new Uint8Array(memory.buffer, 0, 3 << 20);
  };
  const { packets } = await read(file, { buffer, batchSize: 100 });
  expect(packets.map((p) => p.data.length)).toEqual(Array.from({ length: COUNT }, (_, i) => frame(i).length));
});

test("stopping early releases the file", async () => {
  for (const name of ["a.pcap", "a.pcapng.gz"]) {
    const capture = openCapture(path(name), { batchSize: 10 });
    for await (const batch of capture) {
      expect(batch.count).toBe(10);
      break;
    }
    expect(capture.packets).toBe(10);
    capture.close();
    for await (const _ of capture) expect.unreachable();
  }
});

test.skipIf(process.platform === "win32")("a pipe, plain and compressed", async () => {
  const plain = readFileSync(write("piped.pcapng", 50));
  const fifo = path("fifo");
  execFileSync("mkfifo", [fifo]);
  for (const bytes of [plain, gzipSync(plain), plain.subarray(0, 1)]) {
    writeFileSync(path("feed"), bytes);
    const feeder = spawn("sh", ["-c", `cat "${path("feed")}" > "${fifo}"`]);
    const exit = new Promise((resolve) => feeder.once("exit", resolve));
    const reading = read(fifo);
    if (bytes.length === 1) expect(await failure(() => reading)).toBe("E_PCAP_MAGIC");
    else {
      const { packets, capture } = await reading;
      expect(packets).toHaveLength(50);
      expect(capture.size).toBeNull();
      expect(capture.compressed).toBe(bytes !== plain);
    }
    await exit;
  }
});

describe("refused", () => {
  test("files that cannot be opened or are no captures", async () => {
    expect(await failure(() => read(path("nothing")))).toBe("E_FILE_OPEN");
    expect(await failure(() => read(folder))).toBe("E_FILE_OPEN");
    writeFileSync(path("empty"), "");
    expect(await failure(() => read(path("empty")))).toBe("E_PCAP_MAGIC");
    writeFileSync(path("text"), "hello, world");
    expect(await failure(() => read(path("text")))).toBe("E_PCAP_MAGIC");
    await expect(read(path("text"))).rejects.toThrow(
      `${path("text")}: unknown magic number 0x6c6c6568 at file offset 0, this is neither pcap nor pcapng [E_PCAP_MAGIC]`,
    );
    writeFileSync(path("text.gz"), gzipSync("hello, world"));
    expect(await failure(() => read(path("text.gz")))).toBe("E_PCAP_MAGIC");
    writeFileSync(path("bad.gz"), Uint8Array.of(0x1f, 0x8b, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9));
    expect(await failure(() => read(path("bad.gz")))).toBe("E_PCAP_GZIP");
  });

  test("a gzip file with damaged data", async () => {
    const bytes = Buffer.from(readFileSync(write("damaged.pcap.gz", 500)));
    for (let at = 10; at < bytes.length; at += 97) {
      const bad = Buffer.from(bytes);
      bad[at]! ^= 0x55;
      writeFileSync(path("damaged"), bad);
      expect(await failure(() => read(path("damaged")))).toMatch(/^(no error|E_PCAP_\w+)$/);
    }
  });
});

describe("writer", () => {
  test("nothing appears before finish, nothing stays after abort", async () => {
    const own = path("own");
    mkdirSync(own);
    const writer = new CaptureWriter(join(own, "x.pcap"));
    for (let i = 0; i < 3000; i++) writer.write(frame(i), 0, 0);
    expect(readdirSync(own)).toHaveLength(1);
    expect(existsSync(join(own, "x.pcap"))).toBe(false);
    writer.abort();
    expect(readdirSync(own)).toEqual([]);
    writeFileSync(join(own, "y.pcap"), "before");
    const second = new CaptureWriter(join(own, "y.pcap"));
    second.write(frame(1), 0, 0);
    expect(readFileSync(join(own, "y.pcap"), "utf8")).toBe("before");
    second.finish();
    second.abort();
    expect(readdirSync(own)).toEqual(["y.pcap"]);
    expect((await read(join(own, "y.pcap"))).packets).toHaveLength(1);
  });

  test("a link stays a link, a device stays a device", async () => {
    writeFileSync(path("target.pcap"), "before");
    symlinkSync(path("target.pcap"), path("link.pcap"));
    write("link.pcap", 2);
    expect((await read(path("target.pcap"))).packets).toHaveLength(2);
    const writer = new CaptureWriter("/dev/null");
    writer.write(frame(1), 0, 0);
    writer.finish();
    expect(existsSync("/dev/null")).toBe(true);
  });

  test("places that cannot be written", async () => {
    expect(await failure(() => new CaptureWriter(join(folder, "no", "where.pcap")))).toBe("E_FILE_WRITE");
    expect(await failure(() => new CaptureWriter(folder))).toBe("E_FILE_WRITE");
  });
});

/** Says loudly what is left out where a tool is missing. */
describe.skipIf(missing("captures against tcpdump", "tcpdump"))("tcpdump", () => {
  test.each(FILES.filter(([name]) => !name.endsWith(".gz")))("reads our %s", (name, format) => {
    const file = write(`tcpdump-${name}`, 20, format);
    const out = execFileSync("tcpdump", ["-ttnr", file], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    const lines = out.trim().split("\n");
    expect(lines).toHaveLength(20);
    expect(lines[3]).toMatch(/^1760000003\.000003\d* IP 192\.0\.2\.1\.1000 > 192\.0\.2\.2\.3: UDP, length 21$/);
  });
});

describe.skipIf(missing("captures against tshark and editcap", "tshark", "editcap"))("tshark and editcap", () => {
  test.each(FILES)("reads our %s", (name, format) => {
    const file = write(`tshark-${name}`, 20, format);
    const args = ["-n", "-r", file, "-T", "fields", "-e", "frame.time_epoch", "-e", "udp.dstport", "-e", "frame.len"];
    const options = ["-o", "udp.check_checksum:TRUE", "-e", "udp.checksum.status"];
    const out = execFileSync("tshark", [...args, ...options], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const lines = out
      .trim()
      .split("\n")
      .map((line) => line.split("\t"));
    expect(lines).toHaveLength(20);
    expect(lines[5]).toEqual(["1760000005.000005000", "5", `${frame(5).length}`, "1"]);
  });

  test.each(["pcap", "nsecpcap", "modpcap", "pcapng"])("what editcap writes as %s", async (format) => {
    const source = write("editcap-source.pcap", 100);
    const target = path(`editcap-${format}`);
    execFileSync("editcap", ["-F", format, source, target]);
    const { packets } = await read(target);
    expect(packets.map((p) => Buffer.from(p.data).toString("hex"))).toEqual(
      Array.from({ length: 100 }, (_, i) => Buffer.from(frame(i)).toString("hex")),
    );
    expect(packets[7]).toMatchObject({ seconds: SECONDS + 7, nanos: 7000 });
  });
});

test("gzip output is plain gzip of the same capture", () => {
  write("plain.pcapng", 3000);
  const bytes = gunzipSync(readFileSync(write("packed.pcapng.gz", 3000)));
  expect(bytes.equals(readFileSync(path("plain.pcapng")))).toBe(true);
});
