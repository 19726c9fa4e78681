/**
 * Checks the METHOD of an iCalendar object (RFC 5545 section 3.7.2), which must equal that of its part (RFC 6047
 * section 2.4). If the two differ, clients show the part as a file or as another kind of invitation.
 * @module
 */
import { messageInvalid } from '../../errors/email-error.js';
import type { CalendarPart } from '../../model/message.js';

/** ERR_MESSAGE_INVALID if the content has no METHOD, or another than `method`. */
export function checkCalendarMethod({ method, content }: CalendarPart): void {
  // Unfolds the content, because a long line may be folded anywhere (RFC 5545 section 3.1).
  const unfolded = content.replace(/\r?\n[ \t]/g, '');
  const found = [...unfolded.matchAll(/^METHOD(?:;[^:\r\n]*)?:([^\r\n]*)$/gim)].map(([, value = '']) => value.trim());
  if (found.length === 0)
    throw messageInvalid(
      'calendar.content',
      `has no METHOD: add a line METHOD:${method.toUpperCase()} after BEGIN:VCALENDAR`,
    );
  const other = found.find((value) => value.toUpperCase() !== method.toUpperCase());
  if (other !== undefined)
    throw messageInvalid(
      'calendar.method',
      `is ${method}, and the content has METHOD:${other.slice(0, 40)}: both must be the same`,
    );
}
