// nodemailer's smtp-server, storing what it gets. Arguments: folder, certificate file or "-", key file. Prints its port, and ends when
// standard input does. Takes user/secret, refuses refused@anywhere; each message is N.eml, and N.json with from, to, tls, user.
"use strict";
const fs = require("fs");
const path = require("path");
const { SMTPServer } = require("smtp-server");

const [folder, certificate, key] = process.argv.slice(2);
const withTls = certificate !== "-";
let number = 0;

const server = new SMTPServer({
  secure: false,
  hideSTARTTLS: !withTls,
  cert: withTls ? fs.readFileSync(certificate) : undefined,
  key: withTls ? fs.readFileSync(key) : undefined,
  authOptional: true,
  allowInsecureAuth: !withTls,
  authMethods: ["LOGIN", "XOAUTH2", "PLAIN"],
  size: 200 * 1024 * 1024,
  hideSize: false,
  onAuth(auth, session, callback) {
    const good = auth.method === "XOAUTH2" ? auth.accessToken === "good" : auth.password === "secret";
    if (auth.method === "XOAUTH2" && !good) {
      return callback(null, { data: { status: "401", schemes: "bearer", scope: "https://mail.example" } });
    }

    callback(good && auth.username === "user" ? null : new Error("no"), good ? { user: auth.username } : undefined);
  },
  onRcptTo(address, session, callback) {
    callback(address.address.startsWith("refused@") ? Object.assign(new Error("no such user"), { responseCode: 550 }) : null);
  },
  onData(stream, session, callback) {
    const name = path.join(folder, String(++number));
    const facts = {
      from: session.envelope.mailFrom.address,
      to: session.envelope.rcptTo.map((to) => to.address),
      tls: session.secure,
      user: session.user || null,
    };
    const file = fs.createWriteStream(name + ".eml");
    stream.pipe(file);
    file.on("finish", () => {
      fs.writeFileSync(name + ".json", JSON.stringify(facts));
      callback(null, "stored");
    });
  },
});

server.on("error", (error) => console.error(error.message));
server.listen(0, "127.0.0.1", () => console.log(server.server.address().port));
process.stdin.on("end", () => process.exit(0));
process.stdin.resume();
