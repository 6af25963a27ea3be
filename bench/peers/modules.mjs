// SPDX-License-Identifier: MIT
// Where the peers' packages come from: the cache folder, not this tree.
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const require = createRequire(process.env.BENCH_PEERS_DIR + '/package.json')
export const load = (name) => import(pathToFileURL(require.resolve(name)).href)
export const { default: pg } = await load('pg')

export async function connect(server) {
  const client = new pg.Client(server)
  await client.connect()
  return client
}

// "host=/tmp/x port=5432 user=postgres dbname=y", without quotes, as pg wants it.
export function parse(conninfo) {
  const pairs = Object.fromEntries(conninfo.trim().split(/\s+/).map((pair) => pair.split('=')))
  return { host: pairs.host, port: Number(pairs.port ?? 5432), user: pairs.user, database: pairs.dbname }
}
