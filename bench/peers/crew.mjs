// SPDX-License-Identifier: MIT
// Processes of a measurement: a worker, a producer, paced or not, sixteen senders. Run as a program it is one of them and dies
// with the process that started it; imported it starts them.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { seconds, sleep } from './meter.mjs'

export const BULK = 1000
export const SENDERS = 16
// Jobs whose latency is noted: those numbered below.
export const STAMPS = 1 << 16

// The payload of every job, the same as in pgq_bench.
export const payload = (i) => ({
  i,
  to: `user${i}@example.org`,
  template: 'welcome',
  lang: 'en',
  note: 'x'.repeat(24),
})
export const payloads = (first, count) => Array.from({ length: count }, (_, k) => payload(first + k))

// CPU seconds of this process.
export const cpu = () => {
  const usage = process.resourceUsage()
  return (usage.userCPUTime + usage.systemCPUTime) / 1e6
}

// What the processes do. Each gets the peer, where it is and what the parent told it; prepares, and returns what to do from
// the word "go" on and what it has to say in the end.
const roles = {
  async worker(peer, server, { mode, stamps }) {
    const work = await peer.worker(server, mode, stamps)
    const started = []
    let count = 0
    let told = 0
    const tell = () => {
      if (count !== told) process.send({ count: (told = count) })
    }
    const handled = (many) => {
      if (stamps) {
        const now = seconds()
        for (const data of many) if (data.i < STAMPS) started.push([data.i, now])
      }
      count += many.length
    }
    return {
      go: () => {
        setInterval(tell, 10)
        return work(handled)
      },
      end: () => ({ started, count }),
    }
  },

  // Keeps between 10,000 and 20,000 jobs unfinished.
  async producer(peer, server, state) {
    const to = await peer.producer(server, 1)
    let sent = 0
    return {
      go: async () => {
        while (!state.stopped) {
          if (sent - state.count > 19000) {
            while (sent - state.count > 10000 && !state.stopped) await sleep(0.002)
            continue
          }
          await to.sendMany(payloads(STAMPS + sent, BULK))
          sent += BULK
        }
      },
      end: () => ({ sent }),
    }
  },

  // A hundred at once, so many a second.
  async paced(peer, server, state) {
    const to = await peer.producer(server, 1)
    let sent = 0
    return {
      go: async () => {
        const start = seconds()
        while (!state.stopped) {
          const wait = start + sent / state.rate - seconds()
          if (wait > 0) await sleep(wait)
          await to.sendMany(payloads(STAMPS + sent, 100))
          sent += 100
        }
      },
      end: () => ({ sent }),
    }
  },

  async senders(peer, server, state) {
    const to = await peer.producer(server, SENDERS)
    let sent = 0
    const one = async () => {
      for (; !state.stopped; sent++) await to.send(payload(STAMPS))
    }
    const go = () => {
      setInterval(() => process.send({ count: sent }), 10)
      return Promise.all(Array.from({ length: SENDERS }, one))
    }
    return { go, end: () => ({ sent }) }
  },
}

async function play(role, name, state) {
  const peer = await import(`./${name}.mjs`)
  const part = await roles[role](peer, state.server, state)
  let before = 0
  process.on('message', async (message) => {
    Object.assign(state, message)
    try {
      if (message.go) {
        before = cpu()
        state.going = part.go()
        await state.going
      }
      if (message.stopped) {
        if (role !== 'worker') await state.going
        const ended = { cpu_s: cpu() - before, peak_mb: process.resourceUsage().maxRSS / 1024, ...part.end() }
        process.send({ ended }, () => process.exit(0))
      }
    } catch (error) {
      console.error(error)
      process.exit(1)
    }
  })
  process.send({ ready: true })
}

// A process of the crew, ready to go: { go, tell, count, stop }.
export async function start(role, name, server, options = {}) {
  const child = fork(fileURLToPath(import.meta.url), [role, name, JSON.stringify({ ...options, server })])
  const one = { count: 0, at: 0, tell: (message) => child.send(message) }
  const said = (word) =>
    new Promise((done, failed) => {
      child.on('message', (message) => message[word] && done(message[word]))
      child.on('exit', (status) => failed(new Error(`the ${role} of ${name} has ended with ${status}`)))
    })
  const ended = said('ended')
  ended.catch(() => (one.failed = true))
  child.on('message', (message) => {
    if (!message.count) return
    one.count = message.count
    one.heard?.(message.count)
  })
  await said('ready')
  one.go = () => child.send({ go: true })
  one.stop = () => {
    child.send({ stopped: true })
    return ended
  }
  return one
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.on('disconnect', () => process.exit(1))
  const [role, name, options] = process.argv.slice(2)
  await play(role, name, { count: 0, stopped: false, ...JSON.parse(options) })
}
