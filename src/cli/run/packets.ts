import { PacketBatch } from "../../net/index.ts";

/** A batch of one packet. */
export function single(packet: Uint8Array): PacketBatch {
  const batch = new PacketBatch(1);
  batch.bytes = packet;
  batch.lengths[0] = packet.length;
  batch.wireLengths[0] = packet.length;
  batch.byteCount = packet.length;
  batch.count = 1;
  return batch;
}
