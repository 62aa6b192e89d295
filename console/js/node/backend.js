// SPDX-License-Identifier: Apache-2.0
// Where records lie: IndexedDB, or memory with the same manners (what goes in is cloned).
import { SkeymError } from './errors.js';

/** @typedef {'credentials' | 'pending'} Shelf */

/**
 * @typedef {object} Backend
 * @property {(shelf: Shelf, id: string) => Promise<any>} get   undefined when there is none
 * @property {(shelf: Shelf, record: {id: string}) => Promise<void>} put  durable when it resolves
 * @property {(shelf: Shelf, record: {id: string}) => Promise<boolean>} replace  in place of one that is
 *     there; false when there is none
 * @property {(shelf: Shelf, id: string) => Promise<void>} remove
 * @property {(shelf: Shelf) => Promise<any[]>} all
 */

/** @type {Shelf[]} */
const SHELVES = ['credentials', 'pending'];

/** @returns {Backend} */
export function memoryBackend() {
  const shelves = { credentials: new Map(), pending: new Map() };
  return {
    get: async (shelf, id) => structuredClone(shelves[shelf].get(id)),
    put: async (shelf, record) => void shelves[shelf].set(record.id, structuredClone(record)),
    replace: async (shelf, record) => {
      if (!shelves[shelf].has(record.id)) return false;
      shelves[shelf].set(record.id, structuredClone(record));
      return true;
    },
    remove: async (shelf, id) => void shelves[shelf].delete(id),
    all: async (shelf) => structuredClone([...shelves[shelf].values()]),
  };
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function result(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(new SkeymError('unsupported', 'IndexedDB', { cause: request.error }));
  });
}

/** @param {string} name @returns {Promise<IDBDatabase>} */
async function openDatabase(name) {
  if (!globalThis.indexedDB) throw new SkeymError('unsupported', 'no IndexedDB here');
  const request = globalThis.indexedDB.open(name, 1);
  request.onupgradeneeded = () => {
    for (const shelf of SHELVES) request.result.createObjectStore(shelf, { keyPath: 'id' });
  };
  return result(request);
}

/** @param {string} name @returns {Promise<Backend>} */
export async function indexedDbBackend(name) {
  // The browser may close it at any time (somebody clears what sites have kept): the next who asks
  // opens it anew, and finds what there is.
  /** @type {IDBDatabase | undefined} */ let kept;
  async function opened() {
    const database = kept ?? (await openDatabase(name));
    const gone = () => (kept = undefined);
    database.onclose = gone;
    database.onversionchange = () => {
      gone();
      database.close(); // a newer version of the console in another tab must not wait for this one
    };
    return (kept = database);
  }
  await opened();

  /** @template T @param {Shelf} shelf @param {IDBTransactionMode} mode
   * @param {(store: IDBObjectStore) => Promise<T>} work no other waiting inside
   * @returns {Promise<T>} */
  async function transact(shelf, mode, work) {
    const transaction = (await opened()).transaction(shelf, mode, { durability: 'strict' });
    const ended = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => {
        reject(new SkeymError('unsupported', 'IndexedDB', { cause: transaction.error }));
      };
    });
    const [found] = await Promise.all([work(transaction.objectStore(shelf)), ended]);
    return found;
  }

  return {
    get: (shelf, id) => transact(shelf, 'readonly', (store) => result(store.get(id))),
    put: async (shelf, record) => {
      await transact(shelf, 'readwrite', (store) => result(store.put(record)));
    },
    replace: (shelf, record) => {
      return transact(shelf, 'readwrite', async (store) => {
        if ((await result(store.count(record.id))) === 0) return false;
        await result(store.put(record));
        return true;
      });
    },
    remove: (shelf, id) => transact(shelf, 'readwrite', (store) => result(store.delete(id))),
    all: (shelf) => transact(shelf, 'readonly', (store) => result(store.getAll())),
  };
}
