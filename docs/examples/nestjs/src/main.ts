/**
 * A contact form on NestJS.
 * @module
 */
import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { parseProfile } from 'sealpost';
import { ContactController } from './contact.controller.js';
import { MailModule } from './mail.module.js';

const profile = parseProfile(JSON.parse(readFileSync(process.env['MAIL_PROFILE'] ?? 'profile.json', 'utf8')));

@Module({
  // Messages are made from requests, which must not name files of this machine.
  imports: [MailModule.forRoot(profile, { fileAccess: false })],
  controllers: [ContactController],
})
class AppModule {}

async function main(): Promise<void> {
  const app = await NestFactory.create(AppModule);
  // Without this line, SIGTERM ends the process at once and nothing is closed.
  app.enableShutdownHooks();
  await app.listen(Number(process.env['PORT'] ?? 3000));
  console.log(`listening on ${await app.getUrl()}`);
}

void main();
