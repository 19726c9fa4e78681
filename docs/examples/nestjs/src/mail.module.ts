/**
 * A module that provides a mailer for injection, and closes it when the application shuts down.
 * @module
 */
import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { createMailer, type EmailProfile, type Mailer, type MailerOptions } from 'sealpost';

/** The token of the mailer: `@Inject(MAILER) private readonly mailer: Mailer`. */
export const MAILER = Symbol('MAILER');

@Module({})
export class MailModule implements OnApplicationShutdown {
  constructor(@Inject(MAILER) private readonly mailer: Mailer) {}

  static forRoot(profile: EmailProfile, options: MailerOptions = {}): DynamicModule {
    const mailer = { provide: MAILER, useFactory: () => createMailer(profile, options) };
    return { module: MailModule, global: true, providers: [mailer], exports: [mailer] };
  }

  /** Nest calls it once all requests are answered. */
  async onApplicationShutdown(): Promise<void> {
    await this.mailer.close();
  }
}
