/**
 * The contact form.
 * @module
 */
import { Body, Controller, HttpCode, HttpException, Inject, Logger, Post } from '@nestjs/common';
import { isEmailError, type Mailer } from 'sealpost';
import { MAILER } from './mail.module.js';

@Controller('contact')
export class ContactController {
  private readonly logger = new Logger(ContactController.name);

  constructor(@Inject(MAILER) private readonly mailer: Mailer) {}

  @Post()
  @HttpCode(202)
  async send(@Body() { email, text }: { email: string; text: string }): Promise<{ messageId: string }> {
    const message = { to: 'support@example.com', replyTo: email, subject: 'Contact form', text };
    try {
      const { messageId } = await this.mailer.send(message);
      return { messageId };
    } catch (error) {
      if (!isEmailError(error)) throw error;
      this.logger.error(error.message);
      const status = error.code === 'ERR_MESSAGE_INVALID' ? 400 : error.retryable ? 503 : 502;
      throw new HttpException({ error: error.code }, status);
    }
  }
}
