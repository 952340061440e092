import type { AuditEvent } from '../../domain/ports.js';
import type { HoldAdmission } from '../../domain/standing-admission.js';
import type { UseCases } from '../../domain/use-cases.js';
import type {
  AuditEvent as AuditEventMessage,
  AuditServiceService,
} from '../gen/countersign/v1/audit_service.js';
import { holdStream } from './hold-stream.js';
import type { HandlersOf } from './register-service.js';
import { dateOf } from './time-message.js';

/** AuditService: messages in, use-cases, messages out. */
export function makeAuditServiceHandlers(
  useCases: UseCases,
  holdAdmission: HoldAdmission,
): HandlersOf<AuditServiceService> {
  return {
    async listAuditEvents({ pageSize, pageToken }, call) {
      const page = await useCases.listAuditEvents({ pageSize, pageToken }, call);
      return { events: page.events.map(auditEventToMessage), nextPageToken: page.nextPageToken };
    },

    watchAuditEvents: holdStream(
      holdAdmission,
      'WatchAuditEvents',
      async ({ afterEventId }, _call, stream) => {
        for await (const event of useCases.watchAuditEvents({ afterEventId }, stream.signal)) {
          stream.send({ event: auditEventToMessage(event) });
          // Only then is the next one taken from the trail: nothing piles up for a slow reader.
          await stream.drained();
        }
      },
    ),
  };
}

const auditEventToMessage = (event: AuditEvent): AuditEventMessage => ({
  eventId: event.eventId,
  time: dateOf(event.timeMs),
  action: event.action,
  actor: event.actor,
  target: event.target,
  sourceAddress: event.sourceAddress,
  requestId: event.requestId,
  before: event.before,
  after: event.after,
  reason: event.reason ?? '',
});
