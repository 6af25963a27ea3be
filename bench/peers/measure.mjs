// SPDX-License-Identifier: MIT
// node measure.mjs PEER CASE CONNINFO [SIZE]: one measurement of a peer in an empty database; prints JSON lines with the names
// that pgq_bench gives to the same things. Called by run.
import fs from 'node:fs'
import { createInterface } from 'node:readline'
import { BULK, cpu, payload, payloads, start } from './crew.mjs'
import * as meter from './meter.mjs'
import { connect, parse } from './modules.mjs'

const [name, which, conninfo, given] = process.argv.slice(2)
const peer = await import(`./${name}.mjs`)
// still: jobs are rare. half: they come steadily, and latency counts. flow: only how many.
const mode = { latency: 'still', idle: 'still', half: 'half' }[which] ?? 'flow'
const server = parse(conninfo)
const watch = await connect(server)
const report = (what, values) => meter.report(what, name, values)

const per100k = (cpu, jobs) => (cpu / jobs) * 1e5

async function until(reached, limitS, what) {
  const end = meter.seconds() + limitS
  while (!(await reached())) {
    if (meter.seconds() > end) throw new Error(`${name}: ${what} after ${limitS} s`)
    await meter.sleep(0.005)
  }
}

const finished = async () => (await watch.query(peer.unfinished)).rowCount === 0

// Seconds of single sends by one connection, one commit each.
async function single(size = 4) {
  const to = await peer.producer(server, 1)
  for (let i = 0; i < 20; i++) await to.send(payload(i))
  const before = await meter.start(watch)
  let n = 0
  for (; meter.seconds() - before.start < size; n++) await to.send(payload(n))
  const used = await meter.stop(before)
  report('single', { per_s: n / used.s, server_cpu_us: (used.cpu / n) * 1e6, wal_per_job: used.wal / n })
}

// Bulk enqueue, then one worker process empties the queue: from its start, all loaded and connected, to the last committed end.
async function drain(size = 100000) {
  const to = await peer.producer(server, 1)
  await watch.query('checkpoint')
  let before = await meter.start(watch)
  const own = cpu()
  for (let at = 0; at < size; at += BULK) await to.sendMany(payloads(at, Math.min(BULK, size - at)))
  const bulk = await meter.stop(before)
  report('bulk', {
    jobs: size,
    per_s: size / bulk.s,
    server_cpu_s_per_100k: per100k(bulk.cpu, size),
    client_cpu_s_per_100k: per100k(cpu() - own, size),
    wal_per_job: bulk.wal / size,
  })
  const since = await meter.clock(watch)
  const worker = await start('worker', name, server, { mode })
  before = await meter.start(watch)
  worker.go()
  await until(() => worker.failed || worker.count >= size, 60 + size / 100, 'the queue is not empty')
  await until(finished, 60, 'jobs are unfinished')
  const used = await meter.stop(before)
  const ended = await worker.stop()
  if (ended.count !== size) throw new Error(`${name}: ${ended.count} of ${size} jobs were handled`)
  report('drain', {
    jobs: size,
    per_s: size / used.s,
    server_cpu_s_per_100k: per100k(used.cpu, size),
    client_cpu_s_per_100k: per100k(ended.cpu_s, size),
    client_peak_mb: ended.peak_mb,
    wal_per_job: (bulk.wal + used.wal) / size,
    dead_per_job: (await meter.dead(watch, since)) / size,
  })
}

// A producer and a worker at once; the jobs done in each window of seconds.
async function together(size, window) {
  const producer = await start('producer', name, server)
  const worker = await start('worker', name, server, { mode })
  worker.heard = (count) => producer.tell({ count })
  const before = await meter.start(watch)
  producer.go()
  worker.go()
  const windows = []
  for (let t = window, had = 0; t <= size; t += window) {
    await meter.sleep(before.start + t - meter.seconds())
    windows.push((worker.count - had) / window)
    had = worker.count
  }
  const jobs = worker.count
  const used = await meter.stop(before)
  worker.heard = undefined
  await producer.stop()
  return { jobs, used, windows, worker }
}

async function sustain(size = 60, what = 'sustain') {
  const since = await meter.clock(watch)
  const { jobs, used, windows, worker } = await together(size, size >= 20 ? 10 : size)
  const ended = await worker.stop()
  report(what, {
    s: size,
    per_s: jobs / used.s,
    slowest_window_per_s: Math.min(...windows),
    last_window_per_s: windows.at(-1),
    ...Object.fromEntries(windows.map((rate, i) => [`window_${i + 1}_per_s`, rate])),
    server_cpu_s_per_100k: per100k(used.cpu, jobs),
    client_cpu_s_per_100k: per100k(ended.cpu_s, jobs),
    client_peak_mb: ended.peak_mb,
    wal_per_job: used.wal / jobs,
    dead_per_job: (await meter.dead(watch, since)) / jobs,
  })
}

// The same with a snapshot held open.
async function held(size = 60) {
  const holder = await connect(server)
  await holder.query('begin isolation level repeatable read')
  await holder.query('select count(*) from pg_class')
  await sustain(size, 'held')
  await holder.end()
}

// Milliseconds from the call of a single send to the start of the handler, 20 a second at uneven distances.
async function sample(size, worker) {
  const to = await peer.producer(server, 1)
  const sent = []
  for (let i = 0; i < size; i++) {
    await meter.sleep(0.035 + 0.03 * Math.random())
    sent.push(meter.seconds())
    await to.send(payload(i))
  }
  return async () => {
    const ended = await worker.stop()
    const at = new Map(ended.started)
    const ms = sent.map((t, i) => (at.get(i) - t) * 1e3).sort((a, b) => a - b)
    if (ms.some(Number.isNaN)) throw new Error(`${name}: samples are missing`)
    const rank = (share) => ms[Math.min(size - 1, Math.floor(size * share))]
    const ranks = { p50_ms: rank(0.5), p90_ms: rank(0.9), p99_ms: rank(0.99), p999_ms: rank(0.999), max_ms: ms[size - 1], samples: size }
    return { ...ranks, client_cpu_us: (ended.cpu_s / size) * 1e6 }
  }
}

async function latency(size = 1200) {
  const worker = await start('worker', name, server, { mode, stamps: true })
  worker.go()
  await meter.sleep(3)
  const end = await sample(size, worker)
  await until(() => worker.count >= size, 60, 'jobs are missing')
  report('latency', await end())
}

// What it sustains is measured first, four seconds after one of warming up; half of that comes by hundreds at even distances,
// and single sends between have their latency noted.
async function half(size = 1000) {
  const full = await together(5, 1)
  const most = full.windows.slice(1).reduce((sum, rate) => sum + rate / 4, 0)
  await until(finished, 60, 'jobs are unfinished')
  await full.worker.stop()
  // The waits are longer than autovacuum's minute: a queue that it found empty may have slow plans until it comes again.
  const worker = await start('worker', name, server, { mode, stamps: true })
  const paced = await start('paced', name, server, { rate: most / 2 })
  worker.go()
  paced.go()
  await until(() => worker.count >= most / 2, 90, 'there is no load')
  const from = meter.seconds()
  const before = worker.count
  const end = await sample(size, worker)
  const per_s = (worker.count - before) / (meter.seconds() - from)
  await paced.stop()
  await until(finished, 180, 'jobs are unfinished')
  const { client_cpu_us, ...ms } = await end()
  report('half', { ...ms, per_s, sustained_per_s: most })
}

// Sixteen connections send single jobs while a worker is busy with them.
async function senders(size = 12) {
  const worker = await start('worker', name, server, { mode })
  const crew = await start('senders', name, server)
  worker.go()
  crew.go()
  await meter.sleep(1)
  const sent = crew.count
  const done = worker.count
  const before = await meter.start(watch)
  await meter.sleep(size)
  const n = crew.count - sent
  const settled = worker.count - done
  const used = await meter.stop(before)
  await crew.stop()
  await worker.stop()
  report('senders', { per_s: n / used.s, settled_per_s: settled / used.s, server_cpu_us: (used.cpu / n) * 1e6 })
}

// Statements of this database in the server's log so far.
async function logged() {
  const lines = createInterface({ input: fs.createReadStream(process.env.BENCH_LOG) })
  const mark = `] ${server.database} LOG:  `
  let count = 0
  for await (const line of lines) {
    const at = line.indexOf(mark)
    if (at >= 0 && /^(statement:|execute) /.test(line.slice(at + mark.length))) count++
  }
  return count
}

// A worker with nothing to do.
async function idle(size = 300) {
  if (!process.env.BENCH_LOG) throw new Error("the environment variable BENCH_LOG must name the server's log")
  const here = 'where datname = current_database()'
  const sessions = () => meter.number(watch, `select sessions from pg_stat_database ${here}`)
  await watch.query(`alter database ${server.database} set log_statement = 'all'`)
  const worker = await start('worker', name, server, { mode })
  worker.go()
  await meter.sleep(8)
  const opened = await sessions()
  const before = await logged()
  const clients = `select count(*) - 1 from pg_stat_activity ${here} and backend_type = 'client backend'`
  const connections = await meter.number(watch, clients)
  await meter.sleep(size)
  const more = (await sessions()) - opened
  const statements = (await logged()) - before
  const ended = await worker.stop()
  report('idle', {
    s: size,
    connections,
    connections_opened: more,
    statements,
    statements_per_minute: (statements / size) * 60,
    statements_per_day: (statements / size) * 86400,
    client_cpu_s: ended.cpu_s,
    client_peak_mb: ended.peak_mb,
  })
}

const cases = { single, drain, sustain, held, latency, half, senders, idle }
await peer.setup(server, mode)
await cases[which](given ? Number(given) : undefined)
process.exit(0)
