// An invitation that calendars show with buttons.
import { createMailer } from 'sealpost';
import { TestSmtpServer } from 'sealpost/testing';

const content = [
  'BEGIN:VCALENDAR',
  'VERSION:2.0',
  'PRODID:-//Example Ltd//Rooms//EN',
  'METHOD:REQUEST',
  'BEGIN:VEVENT',
  'UID:budget-2027@example.com',
  'DTSTAMP:20270104T080000Z',
  'DTSTART:20270111T100000Z',
  'DTEND:20270111T110000Z',
  'ORGANIZER:mailto:app@example.com',
  'ATTENDEE;RSVP=TRUE:mailto:ann@example.com',
  'SUMMARY:Budget',
  'END:VEVENT',
  'END:VCALENDAR',
  '',
].join('\r\n');

const server = await TestSmtpServer.start();
const mailer = createMailer({ name: 'app', sender: { email: 'app@example.com' }, server: server.settings });
await mailer.send({
  to: 'ann@example.com',
  subject: 'Budget',
  text: 'Monday, 10:00, room 4.',
  calendar: { method: 'REQUEST', filename: 'budget.ics', content },
});
const { attachments } = await server.waitForMessage();
console.log(attachments.map(({ contentType, filename }) => `${contentType} ${filename ?? ''}`.trim()).join(', '));
await mailer.close();
await server.close();
