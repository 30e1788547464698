/** A whole number with commas between thousands: `1,204`. (Intl.NumberFormat does it too, but takes 20 ms to begin.) */
export function count(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** `1 packet`, `2,968 packets`. */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}
