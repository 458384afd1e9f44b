// Sends messages with nodemailer: what and how comes as JSON on standard input, {"options": ..., "times": 1, "message": {...}}.
"use strict";
const nodemailer = require("nodemailer");

async function main() {
  let input = "";
  for await (const piece of process.stdin) {
    input += piece;
  }

  const { options, times, message } = JSON.parse(input);
  if (message.raw) {
    message.raw = Buffer.from(message.raw, "base64");
  }

  const transport = nodemailer.createTransport(options);
  const results = await Promise.all(Array.from({ length: times }, () => transport.sendMail(message)));
  transport.close();
  for (const result of results) {
    console.log(result.response);
  }
}

main().catch((error) => {
  console.error(error.code, error.response || error.message);
  process.exitCode = 1;
});
