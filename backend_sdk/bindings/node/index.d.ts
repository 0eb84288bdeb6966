// SPDX-License-Identifier: Apache-2.0
/// <reference types="node" />
import {EventEmitter} from 'node:events';
import {IncomingMessage, ServerResponse} from 'node:http';

/** How far a node is. It rises, and falls when members die. */
export const Readiness: {
  /** Requests are answered 503. */
  readonly JOINING: 0;
  /** No other member can hold copies now. */
  readonly JOINED: 1;
  /** Another member can. */
  readonly PROTECTED: 2;
  /** For good. */
  readonly LEAVING: 3;
};
export type Readiness = 0 | 1 | 2 | 3;

export interface Request {
  method: string;
  /** As on the request line: "/count?x=1". */
  url: string;
  /** name, value, name, value ... as IncomingMessage.rawHeaders has them. */
  headers?: string[];
  isTls?: boolean;
  /** No other exclusive request of this session runs at the same time. */
  isExclusive?: boolean;
}

/** status 0: the own response is sent, with these headers added; else this reply in its place. */
export interface Reply {
  status: number;
  headers: string[];
  body: Buffer;
  /** 0, 1: no copy exists now, 2: in place of one that was lost, 3: recovered. */
  note: 0 | 1 | 2 | 3;
}

/** One request's view of its session: names to bytes. Over after finish() and drop(). */
export class Session implements Iterable<[string, Buffer]> {
  private constructor();
  /** 22 characters; the client's secret. */
  readonly id: string;
  readonly isNew: boolean;
  /** This very request has run before: repeat its answer; changes have no effect. */
  readonly isReplayed: boolean;
  readonly note: 0 | 1 | 2 | 3;
  /** The fencing token: it rises whenever the session changes its place. */
  readonly epoch: number;
  readonly version: number;
  /** Why a change was refused; empty when none was. */
  readonly refusal: string;
  readonly size: number;
  get(name: string): Buffer | undefined;
  has(name: string): boolean;
  set(name: string, value: string | Uint8Array): this;
  delete(name: string): boolean;
  keys(): string[];
  entries(): IterableIterator<[string, Buffer]>;
  [Symbol.iterator](): IterableIterator<[string, Buffer]>;
  /** The same content under a new id: after login. */
  rotateId(): void;
  /** Logout. */
  invalidate(): void;
  /** Kept with the session: when the request comes again, this is its answer. */
  storeResponse(status: number, headers: string[], body: string | Uint8Array): void;
  /** Commits, and waits for the copy. */
  finish(): Promise<Reply>;
  /** Nothing is committed. */
  drop(): void;
}

export interface Statistics {
  requests: number;
  commits: number;
  replays: number;
  sessionsCreated: number;
  sessionsPromoted: number;
  sessionsLost: number;
  sessionsRecovered: number;
  sessionsExpired: number;
  soloResponses: number;
  rerouted: number;
  unavailable: number;
  fenced: number;
  conflicts: number;
  lives: number;
  sessionsPrimary: number;
  sessionsSolo: number;
  sessionsSecondary: number;
  replicaBytes: number;
  requestsUnderWay: number;
  membersAlive: number;
}

/** This process as a member of the cluster. Errors have a code, "UNDERSTUDY_CLOSED" for example. */
export class Node extends EventEmitter {
  /** @param config the path of a backend configuration */
  constructor(config: string);
  readonly memberName: string;
  /** Listen, which the program binds for its HTTP. */
  readonly address: {host: string; port: number};
  readonly readiness: Readiness;
  waitReady(milliseconds: number, least?: Readiness): Promise<void>;
  begin(request: Request): Promise<{session: Session; reply?: undefined} |
    {reply: Reply; session?: undefined}>;
  finish(session: Session): Promise<Reply>;
  /** name, value ... for a response that was made without begin(). */
  headersFor(request: Request): string[];
  /** Takes no new sessions, waits for requests under way, hands each session over. */
  drain(): Promise<void>;
  reloadKeys(): Promise<void>;
  statistics(): Statistics;
  /** Prometheus, text format 0.0.4. */
  metrics(): string;
  /** Leaves, at once if it was not drained. */
  close(): void;
  on(event: 'readiness', listener: (now: Readiness) => void): this;
  on(event: string | symbol, listener: (...args: any[]) => void): this;
}

/** Opens the node of this process, which node() then gives. */
export function openNode(config: string): Node;
export function node(): Node;

export interface Options {
  /** Default: the node of this process, at each request. */
  node?: Node;
  /** Whether the request runs alone in its session. Default: POST, PUT, PATCH, DELETE. */
  exclusive?: (req: IncomingMessage) => boolean;
}

/** What express-session's Session has, beside the application's own keys. */
export interface RequestSession {
  readonly id: string;
  readonly req: IncomingMessage;
  readonly cookie: {path: string; httpOnly: boolean; originalMaxAge: null; maxAge: null};
  /** The attributes as bytes; storeResponse() and isReplayed are here. */
  readonly understudy: Session;
  regenerate(callback?: (failure: unknown) => void): this;
  destroy(callback?: (failure: unknown) => void): this;
  reload(callback?: (failure: unknown) => void): this;
  save(callback?: (failure: unknown) => void): this;
  touch(): this;
  resetMaxAge(): this;
  [key: string]: any;
}

export interface SessionRequest extends IncomingMessage {
  session: RequestSession;
  sessionID: string;
}

/** A middleware for express and connect: req.session, req.sessionID. */
export function session(options?: Options):
  (req: any, res: any, next: (failure?: any) => void) => void;

export interface UnderstudyRequest extends IncomingMessage {
  understudy: Session;
}

/** A listener for http.createServer: req.understudy. */
export function wrap(
  handler: (req: UnderstudyRequest, res: ServerResponse) => unknown, options?: Options,
): (req: IncomingMessage, res: ServerResponse) => Promise<void>;
