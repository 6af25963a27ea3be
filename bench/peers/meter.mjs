// SPDX-License-Identifier: MIT
// What a measurement costs: wall time, the server's CPU time, WAL, dead rows; and the line that reports it. Knows nothing of queues.
import fs from 'node:fs'

const TICKS_PER_S = 100

// Seconds of the clock that only goes forward and that all processes share.
export const seconds = () => Number(process.hrtime.bigint()) / 1e9
export const sleep = (s) => new Promise((done) => setTimeout(done, s * 1000))

export async function number(client, sql) {
  const { rows } = await client.query({ text: sql, rowMode: 'array' })
  return rows.length ? Number(rows[0][0]) : 0
}

// Fields 4 and 14 to 17 of /proc/PID/stat; null if there is no such process any more.
function stat(pid) {
  let text
  try {
    text = fs.readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return null
  }
  const field = text.slice(text.lastIndexOf(')') + 2).split(' ').map(Number)
  return { parent: field[1], own: field[11] + field[12], reaped: field[13] + field[14] }
}

// CPU seconds of every process of the server, ended ones included.
async function serverCpu(client) {
  const parent = stat(await number(client, 'select pg_backend_pid()'))?.parent
  if (!parent) throw new Error("the server's processes are not on this machine")
  const postmaster = stat(parent)
  let ticks = postmaster.own + postmaster.reaped
  for (const pid of fs.readdirSync('/proc')) {
    if (!/^[0-9]+$/.test(pid)) continue
    const one = stat(pid)
    if (one?.parent === parent) ticks += one.own
  }
  return ticks / TICKS_PER_S
}

const wal = (client) => number(client, "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')")

export async function start(client) {
  const meter = { client, wal: await wal(client), cpu: await serverCpu(client) }
  meter.start = seconds()
  return meter
}

export async function stop(meter) {
  const s = seconds() - meter.start
  return { s, cpu: (await serverCpu(meter.client)) - meter.cpu, wal: (await wal(meter.client)) - meter.wal }
}

export const clock = (client) => client.query('select clock_timestamp() as t').then(({ rows }) => rows[0].t)

// Row versions that updates and deletes of all sessions that began since then left behind, vacuumed or not. Their clients are
// gone; a session that is ended says what it did.
export async function dead(client, since) {
  const end = `select pg_terminate_backend(pid, 10000) from pg_stat_activity where pid <> pg_backend_pid()
    and datname = current_database() and backend_type = 'client backend' and backend_start >= $1`
  await client.query(end, [since])
  return number(client, 'select sum(n_tup_upd + n_tup_del) from pg_stat_user_tables')
}

// One line of JSON on stdout: the case, the peer and its numbers, those that are undefined left out.
export function report(name, peer, values) {
  const line = { case: name, peer }
  for (const [key, value] of Object.entries(values))
    if (value !== undefined) line[key] = Number(value.toPrecision(6))
  console.log(JSON.stringify(line))
}
