import { decodeOperatorCommand, encodeOperatorAnswer, topics, type OperatorAnswer, type OperatorCommand, type OperatorCommandOf, type OperatorCommandType, type OperatorFault } from '@cc/contracts';
import { handled, takeOnce, type Batch, type EventLog, type LogRecord, type Outcome } from '@cc/event-log';
import { CcError, describeError, maskNumbersIn, type Clock, type Log } from '@cc/kernel';
import { isTransient, type Tx } from '@cc/postgres';

/** Carries a command out inside `tx`, within seconds; resolves to the result that its type wants. What it throws is the answer instead. */
export type OperatorAction<T extends OperatorCommandType> = (command: OperatorCommandOf<T>, tx: Tx) => Promise<object>;

interface OperatorDeskParts {
  /** The commands' addressee, and the group that reads them. */
  readonly service: string;
  readonly eventLog: EventLog;
  readonly log: Log;
  readonly clock: Clock;
}

/** An answer must fit into a record; actions bound what they tell, so that only a defect comes near. */
const MAX_ANSWER_BYTES = 800_000;

/**
 * Where a service takes operators' commands. A command's effect, its answer and the group's position are one transaction, and its id is
 * written down in it: it has its effect once. Nothing is ever parked here: whatever is wrong with a command is its answer.
 */
export class OperatorDesk {
  private readonly actions = new Map<string, (command: OperatorCommand, tx: Tx) => Promise<object>>();

  constructor(private readonly parts: OperatorDeskParts) {}

  /** What this service does on commands of the type. */
  add<T extends OperatorCommandType>(type: T, action: OperatorAction<T>): void {
    this.actions.set(type, (command, tx) => (isOf(command, type) ? action(command, tx) : Promise.reject(this.unknown(command.type))));
  }

  /** Carries out what is addressed to this service, in order. */
  async take({ records, tx }: Batch): Promise<Outcome> {
    const answers: OperatorAnswer[] = [];
    for (const record of records) {
      if (record.key !== this.parts.service) continue;
      const answer = await this.answerTo(record, tx);
      if (answer !== undefined) answers.push(answer);
    }
    // Together and last, so that what they lock is held shortly.
    if (answers.length > 0) await this.parts.eventLog.appendInTransaction(tx, topics.operatorAnswers.name, answers.map(encodeOperatorAnswer));
    return handled;
  }

  /** Undefined where nobody can wait for one, or has it already. */
  private async answerTo(record: LogRecord, tx: Tx): Promise<OperatorAnswer | undefined> {
    const commandId = record.headers['ce_id'] ?? '';
    if (commandId === '' || commandId.length > 64) {
      this.parts.log.error('an operator command without a usable id was passed over', { offset: record.offset });
      return undefined;
    }
    if (!(await takeOnce(tx, this.parts.service, commandId))) return undefined;
    const told = await this.attempt(record, tx);
    return { commandId, service: this.parts.service, answeredAt: this.parts.clock.nowMs(), ...told };
  }

  private async attempt(record: LogRecord, tx: Tx): Promise<Pick<OperatorAnswer, 'result' | 'fault'>> {
    const { service, log } = this.parts;
    await tx.query('SAVEPOINT operator_command');
    try {
      const command = this.read(record);
      const result = await this.run(command, tx);
      await tx.query('RELEASE SAVEPOINT operator_command');
      log.info('an operator command was carried out', { operator: command.operator, type: command.type, commandId: command.id });
      return { result };
    } catch (error) {
      // With the database away nothing has happened: the whole batch comes again, until the command is too old.
      if (isTransient(error)) throw error;
      await tx.query('ROLLBACK TO SAVEPOINT operator_command');
      log.warn('an operator command was not carried out', { type: record.headers['ce_type'], commandId: record.headers['ce_id'], error });
      return { fault: faultOf(error, service) };
    }
  }

  private read(record: LogRecord): OperatorCommand {
    const decoded = decodeOperatorCommand(record);
    if (decoded.kind === 'known') return decoded.message;
    if (decoded.kind === 'invalid') throw new CcError('input', 'command-unreadable', `The command does not fit its schema: ${decoded.reason}`);
    throw this.unknown(record.headers['ce_type'] ?? '');
  }

  private async run(command: OperatorCommand, tx: Tx): Promise<object> {
    const late = this.parts.clock.nowMs() - command.notAfter;
    if (late > 0) throw new CcError('conflict', 'command-too-late', `The command came ${late} ms after its time and had no effect: the service is behind, or the clocks differ`);
    const action = this.actions.get(command.type);
    if (action === undefined) throw this.unknown(command.type);
    const result = await action(command, tx);
    if (Buffer.byteLength(JSON.stringify(result)) > MAX_ANSWER_BYTES) throw new CcError('conflict', 'answer-too-large', 'The answer is too large for the log; nothing was done');
    return result;
  }

  private unknown(type: string): CcError {
    return new CcError('conflict', 'command-unknown', `${this.parts.service} does not carry out ${type.slice(0, 64)}: it is for another service, or of another version`);
  }
}

function isOf<T extends OperatorCommandType>(command: OperatorCommand, type: T): command is OperatorCommandOf<T> {
  return command.type === type;
}

function faultOf(error: unknown, service: string): OperatorFault {
  const detail = maskNumbersIn(describeError(error)).slice(0, 2000);
  return error instanceof CcError ? { kind: error.kind, code: error.code, detail } : { kind: 'fault', code: 'command-failed', detail: `${service} could not carry the command out: ${detail}` };
}
