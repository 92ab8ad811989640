// The api and the web of one test: the real programs on free ports, with a fresh store in a temporary folder. Where
// BASE_URL is set, that running stack instead, emptied before and after.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const STOP_TIMEOUT_MS = 15_000;

/** The running stack to test, if the tests do not start their own. */
export const baseUrl = process.env.BASE_URL?.replace(/\/+$/, '');

/** Where the tests of what only their own services can do say why they are skipped. */
export const needsOwnServices = baseUrl ? 'BASE_URL is set: the api of that stack is not ours to stop' : false;

/** Starts what one test needs. `signIn` is as SIGN_IN, for a stack of one's own. */
export async function startStack({ signIn = 'none' } = {}) {
  return baseUrl ? RunningStack.adopt(baseUrl) : OwnStack.start(signIn);
}

class OwnStack {
  static async start(signIn) {
    const stack = new OwnStack();
    stack.folder = await mkdtemp(join(tmpdir(), 'task-tracker-browser-'));
    try {
      stack.apiAddress = '127.0.0.1:0';
      await stack.startApi();
      stack.web = await Service.start('web', {
        BIND_ADDR: '127.0.0.1:0',
        API_URL: `http://${stack.apiAddress}`,
        SIGN_IN: signIn,
      });
      stack.url = `http://127.0.0.1:${stack.web.port}`;
    } catch (error) {
      await stack.stop();
      throw error;
    }
    return stack;
  }

  /** Starts the api; once it was stopped, at the same address and on the same store. */
  async startApi() {
    this.api = await Service.start('api', {
      BIND_ADDR: this.apiAddress,
      DB_PATH: this.store(),
    });
    this.apiAddress = `127.0.0.1:${this.api.port}`;
  }

  store() {
    return join(this.folder, 'tasks.db');
  }

  /** The code that the first account is made with, as whoever runs the api finds it out. */
  async setUpCode() {
    const env = { DB_PATH: this.store() };
    const { stdout } = await promisify(execFile)(program('api'), ['setup-code'], { env });
    return stdout.trim();
  }

  async stopApi() {
    await this.api?.stop();
    this.api = undefined;
  }

  async stop() {
    await this.web?.stop();
    await this.stopApi();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** What both services had to complain about, for the report of a test that failed. */
  log() {
    return [this.api, this.web].flatMap((service) => service?.complaints ?? []);
  }
}

class RunningStack {
  static async adopt(url) {
    const stack = new RunningStack();
    stack.url = url;
    await stack.empty();
    return stack;
  }

  async stop() {
    await this.empty();
  }

  async empty() {
    for (;;) {
      const ids = await taskIds(this);
      if (ids.length === 0) {
        return;
      }
      for (const id of ids) {
        await send(this, `/tasks/${id}/delete`, {});
      }
    }
  }

  log() {
    return [];
  }
}

function program(name) {
  return join(process.env.BIN_DIR, name);
}

/** One of our programs, running. */
class Service {
  static running = new Set();

  complaints = [];

  static async start(name, variables) {
    const service = new Service();
    service.name = name;
    service.process = spawn(program(name), {
      env: { ...variables, LOG_FORMAT: 'json' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    service.ended = once(service.process, 'exit');
    Service.running.add(service);
    service.process.once('exit', () => Service.running.delete(service));
    await service.listening();
    return service;
  }

  /** Resolves when the log says which port it got. */
  async listening() {
    await new Promise((resolve, reject) => {
      this.process.once('error', reject);
      this.process.once('exit', () => reject(new Error(`${this.name} ended:\n${this.complaints.join('\n')}`)));
      createInterface({ input: this.process.stderr }).on('line', (line) => {
        // What ends a service before it has a log is no JSON.
        const entry = line.startsWith('{') ? JSON.parse(line) : {};
        if (entry.level !== 'INFO') {
          this.complaints.push(line);
        }
        if (entry.message === 'listening') {
          this.port = Number(entry.port);
          resolve();
        }
      });
    });
  }

  async stop() {
    this.process.kill('SIGTERM');
    const kill = setTimeout(() => this.process.kill('SIGKILL'), STOP_TIMEOUT_MS);
    const [code, signal] = await this.ended;
    clearTimeout(kill);
    if (code !== 0) {
      throw new Error(`${this.name} ended with ${code ?? signal}:\n${this.complaints.join('\n')}`);
    }
  }
}

// Whatever becomes of a test, its services end with it.
process.once('exit', () => Service.running.forEach((service) => service.process.kill('SIGKILL')));

/** The ids of the tasks on the first page of the list, from the top. */
async function taskIds(stack) {
  const list = await (await fetch(`${stack.url}/tasks`)).text();
  return [...list.matchAll(/data-task-id="(\d+)"/g)].map((match) => match[1]);
}

/** Sends a form as a person without a browser would, to set the scene; as slowly as a running stack asks for. */
export async function send(stack, action, fields) {
  const post = () =>
    fetch(stack.url + action, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' });
  let response = await post();
  while (response.status === 429) {
    await sleep(1000 * Number(response.headers.get('retry-after')));
    response = await post();
  }
  if (response.status !== 303) {
    throw new Error(`POST ${action} was answered with ${response.status}: ${await response.text()}`);
  }
}

/** Adds tasks, the first one first. Each is `{ title, description?, completed? }`. */
export async function seed(stack, tasks) {
  for (const { title, description = '', completed = false } of tasks) {
    await send(stack, '/tasks/add', { title, description });
    if (completed) {
      const [newest] = await taskIds(stack);
      await send(stack, `/tasks/${newest}/toggle`, { completed: 'true' });
    }
  }
}
