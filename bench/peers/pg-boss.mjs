// SPDX-License-Identifier: MIT
// pg-boss at its best documented settings: a queue with a partition of its own, batches of 1,000 that follow each other while
// they are full, four of them at once unless all is still; NOTIFY where latency counts, for it makes single sends slower.
import { load } from './modules.mjs'

const { PgBoss } = await load('pg-boss')
const QUEUE = 'bench'

async function open(server, options) {
  const boss = new PgBoss({ ...server, max: 20, ...options })
  boss.on('error', (error) => console.error(`pg-boss: ${error}`))
  await boss.start()
  return boss
}

// Those who only send look after nothing.
const SENDER = { supervise: false, schedule: false, migrate: false, registerInstance: false }

export async function setup(server, mode) {
  const boss = await open(server, { supervise: false, schedule: false })
  await boss.createQueue(QUEUE, { partition: true, notify: mode !== 'flow' })
  await boss.stop({ graceful: false })
}

export const unfinished = `select 1 from pgboss.job where name = '${QUEUE}' and state < 'completed' limit 1`

export async function producer(server, connections) {
  const boss = await open(server, { ...SENDER, max: connections })
  return {
    send: (data) => boss.send(QUEUE, data),
    sendMany: (many) => boss.insert(QUEUE, many.map((data) => ({ data }))),
  }
}

export async function worker(server, mode) {
  const boss = await open(server, { useListenNotify: mode !== 'flow' })
  return (handled) => {
    const loaded = { pollingIntervalSeconds: 0.5, notifyPollingIntervalSeconds: 0.5, localConcurrency: 4 }
    const options = { batchSize: 1000, burstWhenBatchFull: true, ...(mode === 'still' ? {} : loaded) }
    return boss.work(QUEUE, options, async (jobs) => handled(jobs.map((job) => job.data)))
  }
}
