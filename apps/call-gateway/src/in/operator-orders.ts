import { encodeOperatorCommand, topics, type OperatorAnswer, type OperatorCommand, type OperatorFault } from '@cc/contracts';
import { EventLog } from '@cc/event-log';
import { CcError, Clock, Log, newId } from '@cc/kernel';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { z } from 'zod';
import { CallGatewaySettings } from '../call-gateway.config';
import { OperatorAnswerCatalogue } from '../out/operator-answer-catalogue';
import { WaitingRoom } from './waiting-room';

type Without<T, K extends string> = T extends unknown ? Omit<T, K> : never;

/** A command but for what every one has. */
export type Order = Without<OperatorCommand, 'id' | 'service' | 'operator' | 'issuedAt' | 'notAfter'>;

/** What one service said. `silent`: nothing within the time. */
export type Reply<T> = { readonly service: string } & ({ readonly kind: 'done'; readonly result: T } | { readonly kind: 'failed'; readonly fault: OperatorFault } | { readonly kind: 'silent'; readonly detail: string });

/** Sends operators' commands to services, and waits for what they answer. */
@Injectable()
export class OperatorOrders implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly room = new WaitingRoom();
  private unlisten: (() => Promise<void>) | undefined;

  constructor(
    private readonly answers: OperatorAnswerCatalogue,
    private readonly eventLog: EventLog,
    private readonly clock: Clock,
    private readonly settings: CallGatewaySettings,
    private readonly log: Log,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.unlisten = await this.answers.onNews(() => this.room.wakeAll());
  }

  async onModuleDestroy(): Promise<void> {
    this.room.close();
    await this.unlisten?.();
  }

  /** The same order to each of the services, and what each said, in their order. */
  async each<T>(operator: string, services: readonly string[], order: Order, result: z.ZodType<T>): Promise<Reply<T>[]> {
    const waitMs = this.settings.values.operatorAnswerSeconds * 1000;
    const issuedAt = this.clock.nowMs();
    const commands = services.map((service): OperatorCommand => ({ ...order, id: newId('order'), service, operator, issuedAt, notAfter: issuedAt + waitMs }));
    await this.eventLog.append(topics.operatorCommands.name, commands.map(encodeOperatorCommand));
    this.log.info('an operator gave an order', { operator, type: order.type, services: services.join() });
    const answers = await this.room.until(() => this.answers.find(commands.map(({ id }) => id)), (found) => found.length === commands.length, waitMs);
    return commands.map(({ id, service }) => replyOf(service, answers.find(({ commandId }) => commandId === id), result, waitMs));
  }

  /** One service's result. @throws CcError with what the service said against it, or `unavailable` when it said nothing. */
  async one<T>(operator: string, service: string, order: Order, result: z.ZodType<T>): Promise<T> {
    const [reply] = await this.each(operator, [service], order, result);
    if (reply?.kind === 'done') return reply.result;
    if (reply?.kind === 'failed') throw refusalOf(reply.fault);
    throw new CcError('unavailable', 'no-answer', `${reply?.detail ?? ''}. Nothing can be said of whether the command had its effect; later than that it will have none`);
  }
}

function replyOf<T>(service: string, answer: OperatorAnswer | undefined, result: z.ZodType<T>, waitMs: number): Reply<T> {
  if (answer === undefined) return { service, kind: 'silent', detail: `No answer from ${service} within ${waitMs / 1000} s: it is down, or behind` };
  if (answer.fault !== undefined) return { service, kind: 'failed', fault: answer.fault };
  const parsed = result.safeParse(answer.result);
  if (parsed.success) return { service, kind: 'done', result: parsed.data };
  return { service, kind: 'failed', fault: { kind: 'conflict', code: 'answer-unreadable', detail: `${service} carried the command out, and its answer is of another version` } };
}

/** A defect of that service's is told to the operator, unlike one of ours. */
function refusalOf({ kind, code, detail }: OperatorFault): CcError {
  return new CcError(kind === 'fault' ? 'conflict' : kind, code, detail);
}
