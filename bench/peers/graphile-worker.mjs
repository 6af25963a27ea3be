// SPDX-License-Identifier: MIT
// graphile-worker with the settings of the performance page of its documentation: a local queue of 500, 24 jobs at once,
// completions gathered, a refetch delay of 10 ms where only the rate counts.
import { load, pg } from './modules.mjs'

process.env.NO_LOG_SUCCESS = '1'
const { Logger, makeWorkerUtils, run, runMigrations } = await load('graphile-worker')
const TASK = 'bench'
const CONCURRENCY = 24
const logger = new Logger(() => (level, message) => {
  if (level === 'error') console.error(`graphile-worker: ${message}`)
})

function open(server, max) {
  const pgPool = new pg.Pool({ ...server, max })
  pgPool.on('error', () => {})
  pgPool.on('connect', (client) => client.on('error', () => {}))
  return pgPool
}

export async function setup(server) {
  const pgPool = open(server, 2)
  await runMigrations({ pgPool, logger })
  await pgPool.end()
}

export const unfinished = 'select 1 from graphile_worker._private_jobs limit 1'

export async function producer(server, connections) {
  const utils = await makeWorkerUtils({ pgPool: open(server, connections), logger })
  return {
    send: (data) => utils.addJob(TASK, data),
    sendMany: (many) => utils.addJobs(many.map((payload) => ({ identifier: TASK, payload }))),
  }
}

export async function worker(server, mode) {
  const pgPool = open(server, CONCURRENCY + 2)
  await pgPool.query('select 1')
  const localQueue = { size: 500, ...(mode === 'flow' ? { refetchDelay: { durationMs: 10 } } : {}) }
  const preset = {
    worker: { logger, concurrentJobs: CONCURRENCY, localQueue, completeJobBatchDelay: 0, failJobBatchDelay: 0 },
  }
  return (handled) =>
    run({ pgPool, noHandleSignals: true, preset, taskList: { [TASK]: async (payload) => handled([payload]) } })
}
