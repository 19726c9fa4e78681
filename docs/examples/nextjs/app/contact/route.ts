/**
 * The contact form. It runs on Node (the default), not on Edge, because SMTP needs sockets.
 * @module
 */
import { isEmailError } from 'sealpost';
import { getMailer } from '../../lib/mailer';

export async function POST(request: Request): Promise<Response> {
  const { email, text } = (await request.json()) as { email: string; text: string };
  const message = { to: 'support@example.com', replyTo: email, subject: 'Contact form', text };
  try {
    const { messageId } = await getMailer().send(message);
    return Response.json({ messageId }, { status: 202 });
  } catch (error) {
    if (!isEmailError(error)) throw error;
    console.error(error.message);
    const status = error.code === 'ERR_MESSAGE_INVALID' ? 400 : error.retryable ? 503 : 502;
    return Response.json({ error: error.code }, { status });
  }
}
