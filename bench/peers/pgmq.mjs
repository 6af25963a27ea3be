// SPDX-License-Identifier: MIT
// pgmq, of which only the SQL is needed: read 1,000 and delete them by their numbers, prepared, in two connections where
// there is a load (read_with_poll, 10 ms). Without a load it is woken by its NOTIFY trigger where it has one, which would
// cost a row of its own per message otherwise; else read_with_poll with its default of 100 ms.
import fs from 'node:fs'
import { connect } from './modules.mjs'

const QUEUE = 'bench'
const VISIBLE_S = 600
const BACKSTOP_MS = 30000
const hasNotify = "select 1 from pg_proc where proname = 'enable_notify_insert' and pronamespace = 'pgmq'::regnamespace"

export async function setup(server, mode) {
  const client = await connect(server)
  await client.query(fs.readFileSync(process.env.BENCH_PGMQ_SQL, 'utf8'))
  await client.query(`select pgmq.create('${QUEUE}')`)
  if (mode === 'still' && (await client.query(hasNotify)).rowCount)
    await client.query(`select pgmq.enable_notify_insert('${QUEUE}', 0)`)
  await client.end()
}

export const unfinished = `select 1 from pgmq.q_${QUEUE} limit 1`

export async function producer(server, connections) {
  const free = await Promise.all(Array.from({ length: connections }, () => connect(server)))
  const on = async (query) => {
    const client = free.pop()
    await client.query(query)
    free.push(client)
  }
  const send = `select pgmq.send('${QUEUE}', $1::jsonb)`
  const sendMany = `select count(*) from pgmq.send_batch('${QUEUE}', $1::jsonb[])`
  return {
    send: (data) => on({ name: 'send', text: send, values: [JSON.stringify(data)] }),
    sendMany: (many) => on({ name: 'many', text: sendMany, values: [many.map((data) => JSON.stringify(data))] }),
  }
}

// Reads once and deletes what it got; how many that were.
async function turn(client, call, handled, early) {
  const { rows } = await client.query({ name: 'read', text: `select msg_id, message from pgmq.${call}` })
  if (!rows.length) return 0
  const data = rows.map((row) => row.message)
  if (early) handled(data)
  const text = `select count(*) from pgmq.delete('${QUEUE}', $1::bigint[])`
  await client.query({ name: 'delete', text, values: [rows.map((row) => row.msg_id)] })
  if (!early) handled(data)
  return rows.length
}

async function poll(client, most, every, handled, early) {
  const call = `read_with_poll('${QUEUE}', ${VISIBLE_S}, ${most}, 5, ${every})`
  for (;;) await turn(client, call, handled, early)
}

async function listen(client, handled) {
  const call = `read('${QUEUE}', ${VISIBLE_S}, 1000)`
  let rung = false
  let wake = () => {}
  client.on('notification', () => {
    rung = true
    wake()
  })
  await client.query(`listen "pgmq.q_${QUEUE}.INSERT"`)
  for (;;) {
    rung = false
    if (await turn(client, call, handled, true)) continue
    if (!rung) {
      let timer
      await new Promise((done) => {
        wake = done
        timer = setTimeout(done, BACKSTOP_MS)
      })
      clearTimeout(timer)
    }
  }
}

export async function worker(server, mode, early) {
  const clients = await Promise.all(Array.from({ length: mode === 'still' ? 1 : 2 }, () => connect(server)))
  const notify = mode === 'still' && (await clients[0].query(hasNotify)).rowCount > 0
  return (handled) => {
    for (const client of clients) {
      const loop = notify ? listen(client, handled) : poll(client, mode === 'half' ? 100 : 1000, mode === 'still' ? 100 : 10, handled, early)
      loop.catch((error) => {
        console.error(`pgmq: ${error}`)
        process.exit(1)
      })
    }
  }
}
