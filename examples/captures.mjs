// The example captures: traffic of a small office, made up from a seed, the same bytes every time. Addresses are those of
// RFC 5737 and RFC 3849 (documentation) and RFC 1918 (private).
import { TextEncoder } from "node:util";
import {
  arp,
  ethernet,
  icmp,
  icmpv6,
  ipv4,
  ipv6,
  rawTransport,
  TCP_ACK,
  TCP_FIN,
  TCP_PSH,
  TCP_RST,
  TCP_SYN,
  tcp,
  udp,
} from "../dist/net/index.js";

const START_SECONDS = 1_760_000_000;
const MICROSECOND = 1e-6;
const text = (s) => new TextEncoder().encode(s);

/** Numbers from a seed: Marsaglia's xorshift with 32 bits of state. */
class Random {
  #state;
  constructor(seed) {
    this.#state = seed;
  }
  u32() {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state;
  }
  /** An integer of [low, high]. */
  range(low, high) {
    return low + (this.u32() % (high - low + 1));
  }
  pick(list) {
    return list[this.range(0, list.length - 1)];
  }
  bytes(length) {
    return Uint8Array.from({ length }, () => this.u32() & 0xff);
  }
}

const ROUTER = { mac: "02:00:0a:00:00:01", ip: "10.0.0.1", ip6: "2001:db8:0:1::1" };
const WEB = { mac: "02:00:0a:00:00:50", ip: "10.0.0.80", ip6: "2001:db8:0:1::80" };
const DNS = { mac: "02:00:0a:00:00:35", ip: "10.0.0.53", ip6: "2001:db8:0:1::53" };
const CLIENTS = [7, 8, 9, 21, 34, 55].map((n) => ({
  mac: `02:00:0a:00:00:${n.toString(16).padStart(2, "0")}`,
  ip: `10.0.0.${n}`,
  ip6: `2001:db8:0:1::${n.toString(16)}`,
}));
// Frames from elsewhere come from the router.
const outside = (ip) => ({ mac: ROUTER.mac, ip, ip6: "2001:db8:ffff::1" });
const ATTACKERS = ["203.0.113.66", "198.51.100.23"].map(outside);
const SCANNER = outside("192.0.2.99");
const NAMES = ["example.com", "www.example.org", "mail.example.net", "updates.example.com"];
const PAGES = ["/", "/index.html", "/style.css", "/logo.svg", "/api/items?page=2", "/login"];

/** Collects frames with their times and gives them back in order. */
class Traffic {
  constructor(seed) {
    this.random = new Random(seed);
    this.frames = [];
    this.id = 0;
  }
  /** IPv4 or IPv6 by `v6`; `options.vlan` tags the frame. */
  ip(time, from, to, transport, { vlan, v6 = false, ttl = 64 } = {}) {
    const network = v6
      ? ipv6({ source: from.ip6, destination: to.ip6, hopLimit: ttl }, transport)
      : ipv4({ source: from.ip, destination: to.ip, ttl, id: this.id++ & 0xffff }, transport);
    this.frame(time, from, to, network, vlan);
  }
  frame(time, from, to, network, vlan) {
    const tag = vlan === undefined ? {} : { vlan };
    const data = ethernet({ source: from.mac, destination: to.mac, minLength: 60, ...tag }, network);
    this.frames.push({ time, data, order: this.frames.length });
  }
  /** Packets in order of time. */
  *packets() {
    this.frames.sort((a, b) => a.time - b.time || a.order - b.order);
    for (const { time, data } of this.frames) {
      const micros = Math.round(time * 1e6);
      yield { data, seconds: START_SECONDS + Math.floor(micros / 1e6), nanos: (micros % 1e6) * 1000 };
    }
  }
}

/** A whole HTTP exchange: handshake, request, response in segments, close. */
function http(traffic, time, client, server, options = {}) {
  const { random } = traffic;
  const ports = { client: random.range(32768, 60999), server: options.port ?? 80 };
  const state = { client: random.u32(), server: random.u32() };
  const step = () => {
    time += random.range(80, 4000) * MICROSECOND;
    return time;
  };
  const up = (flags, data = new Uint8Array(0)) => {
    const header = { source: ports.client, destination: ports.server, seq: state.client, ack: state.server, flags };
    traffic.ip(step(), client, server, tcp(header, data), options);
    state.client = (state.client + data.length + (flags & (TCP_SYN | TCP_FIN) ? 1 : 0)) >>> 0;
  };
  const down = (flags, data = new Uint8Array(0)) => {
    const header = { source: ports.server, destination: ports.client, seq: state.server, ack: state.client, flags };
    traffic.ip(step(), server, client, tcp(header, data), options);
    state.server = (state.server + data.length + (flags & (TCP_SYN | TCP_FIN) ? 1 : 0)) >>> 0;
  };
  up(TCP_SYN);
  down(TCP_SYN | TCP_ACK);
  up(TCP_ACK);
  up(TCP_PSH | TCP_ACK, text(`GET ${random.pick(PAGES)} HTTP/1.1\r\nHost: ${random.pick(NAMES)}\r\n\r\n`));
  let left = random.range(60, 6000);
  let head = text(`HTTP/1.1 200 OK\r\nContent-Length: ${left}\r\n\r\n`);
  while (left > 0) {
    const size = Math.min(left, 1460 - head.length);
    const data = new Uint8Array(head.length + size).fill(0x2e);
    data.set(head);
    down(left > size ? TCP_ACK : TCP_PSH | TCP_ACK, data);
    left -= size;
    head = new Uint8Array(0);
  }
  up(TCP_ACK);
  up(TCP_FIN | TCP_ACK);
  down(TCP_FIN | TCP_ACK);
  up(TCP_ACK);
}

function dnsMessage(id, name, answer) {
  const labels = name.split(".").flatMap((label) => [label.length, ...text(label)]);
  const counts = [0, 1, 0, answer === null ? 0 : 1, 0, 0, 0, 0];
  const head = [id >> 8, id & 0xff, answer === null ? 1 : 0x81, answer === null ? 0 : 0x80, ...counts];
  const record = answer === null ? [] : [0xc0, 12, 0, 1, 0, 1, 0, 0, 14, 16, 0, 4, ...answer];
  return Uint8Array.from([...head, ...labels, 0, 0, 1, 0, 1, ...record]);
}

function dns(traffic, time, client, options = {}) {
  const { random } = traffic;
  const id = random.range(0, 0xffff);
  const port = random.range(32768, 60999);
  const name = random.pick(NAMES);
  traffic.ip(time, client, DNS, udp({ source: port, destination: 53 }, dnsMessage(id, name, null)), options);
  const answer = dnsMessage(id, name, [10, 0, 0, 80]);
  traffic.ip(
    time + random.range(200, 9000) * MICROSECOND,
    DNS,
    client,
    udp({ source: 53, destination: port }, answer),
    options,
  );
}

function ping(traffic, time, from, to, options = {}) {
  const { v6 = false } = options;
  const rest = traffic.random.u32();
  const payload = Uint8Array.from({ length: 56 }, (_, i) => i);
  const echo = (type) => (v6 ? icmpv6({ type, rest }, payload) : icmp({ type, rest }, payload));
  traffic.ip(time, from, to, echo(v6 ? 128 : 8), options);
  traffic.ip(time + traffic.random.range(100, 900) * MICROSECOND, to, from, echo(v6 ? 129 : 0), options);
}

function resolve(traffic, time, from, to) {
  const question = arp({ senderMac: from.mac, senderIp: from.ip, targetIp: to.ip });
  traffic.frame(time, from, { mac: "ff:ff:ff:ff:ff:ff" }, question);
  const reply = arp({ operation: 2, senderMac: to.mac, senderIp: to.ip, targetMac: from.mac, targetIp: from.ip });
  traffic.frame(time + traffic.random.range(50, 400) * MICROSECOND, to, from, reply);
}

function ntp(traffic, time, client) {
  const message = new Uint8Array(48);
  message[0] = 0x23;
  traffic.ip(time, client, outside("192.0.2.123"), udp({ source: 123, destination: 123 }, message));
}

/** SYNs to many ports; open ones answer, closed ones reset. */
function portScan(traffic, time, from, to, ports) {
  const { random } = traffic;
  for (const port of ports) {
    time += random.range(500, 3000) * MICROSECOND;
    const source = random.range(40000, 65000);
    const seq = random.u32();
    traffic.ip(time, from, to, tcp({ source, destination: port, seq, flags: TCP_SYN, window: 1024 }), { ttl: 44 });
    const flags = port === 80 || port === 443 ? TCP_SYN | TCP_ACK : TCP_RST | TCP_ACK;
    const answer = tcp({ source: port, destination: source, seq: random.u32(), ack: (seq + 1) >>> 0, flags });
    traffic.ip(time + 60 * MICROSECOND, to, from, answer);
  }
}

/** Packets that end within their own headers. */
function malformed(traffic, time, from, to) {
  traffic.ip(time, from, to, rawTransport(6, traffic.random.bytes(7)), { vlan: 20, v6: true });
  const short = ethernet(
    { source: from.mac, destination: to.mac },
    ipv4({ source: from.ip, destination: to.ip }, rawTransport(17, traffic.random.bytes(3))),
  );
  traffic.frames.push({ time: time + MICROSECOND, data: short, order: traffic.frames.length });
}

/** Some minutes of an office; the counts say how often each thing happens. */
function office(seed, duration, counts) {
  const traffic = new Traffic(seed);
  const { random } = traffic;
  const happen = (count, action) => {
    for (let i = 0; i < count; i++) action((random.range(0, 1_000_000) / 1e6) * duration, random.pick(CLIENTS), i);
  };
  happen(counts.http, (time, client) => http(traffic, time, client, WEB));
  happen(counts.http6 ?? 0, (time, client) => http(traffic, time, client, WEB, { v6: true }));
  happen(counts.httpVlan ?? 0, (time, client) => http(traffic, time, client, WEB, { vlan: 20, port: 8080 }));
  happen(counts.httpQinq ?? 0, (time, client) => http(traffic, time, client, WEB, { vlan: [100, 20] }));
  happen(counts.dns, (time, client) => dns(traffic, time, client));
  happen(counts.dns6 ?? 0, (time, client) => dns(traffic, time, client, { v6: true, vlan: 20 }));
  happen(counts.ping, (time, client) => ping(traffic, time, client, ROUTER));
  happen(counts.ping6 ?? 0, (time, client) => ping(traffic, time, client, ROUTER, { v6: true }));
  happen(counts.arp, (time, client) => resolve(traffic, time, client, random.pick([ROUTER, WEB, DNS])));
  happen(counts.ntp ?? 0, (time, client) => ntp(traffic, time, client));
  happen(counts.attacks ?? 0, (time, _client, i) => http(traffic, time, ATTACKERS[i % ATTACKERS.length], WEB));
  happen(counts.telnet ?? 0, (time) => portScan(traffic, time, SCANNER, random.pick(CLIENTS), [23, 2323, 445]));
  happen(counts.scans ?? 0, (time) => {
    const ports = Array.from(
      { length: 60 },
      (_, i) => [21, 22, 23, 25, 80, 110, 139, 143, 443, 445, 3306, 3389][i] ?? 1000 + i,
    );
    portScan(traffic, time, SCANNER, WEB, ports);
  });
  happen(counts.malformed ?? 0, (time, client) => malformed(traffic, time, client, WEB));
  return traffic.packets();
}

/** What `npm run examples` writes: a path below examples/ and the packets in order of time. */
export const CAPTURES = [
  {
    path: "firewall/traffic.pcap",
    packets: () =>
      office(0x0f1a3e11, 300, {
        http: 70,
        http6: 25,
        httpVlan: 20,
        httpQinq: 3,
        dns: 220,
        dns6: 20,
        ping: 60,
        ping6: 20,
        arp: 70,
        ntp: 12,
        attacks: 24,
        telnet: 30,
        scans: 4,
        malformed: 6,
      }),
  },
  {
    path: "accounting/traffic.pcapng",
    packets: () => office(0x0acc0417, 60, { http: 20, http6: 8, dns: 60, ping: 20, ping6: 6, arp: 20, ntp: 4 }),
  },
  {
    path: "socket/traffic.pcap",
    packets: () => office(0x050c4e70, 60, { http: 20, http6: 6, dns: 50, ping: 15, arp: 30, ntp: 4 }),
  },
  {
    path: "parser/traffic.pcap",
    packets: () =>
      office(0x0fa45e40, 60, { http: 14, http6: 8, httpVlan: 8, httpQinq: 6, dns: 40, dns6: 20, ping: 10, arp: 10 }),
  },
  {
    path: "globals/traffic.pcap",
    packets: () => office(0x0610ba15, 60, { http: 40, dns: 80, ping: 20, arp: 20 }),
  },
];
