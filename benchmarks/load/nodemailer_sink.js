// nodemailer_sink.js PORT: nodemailer's smtp-server with a sink that counts, on 127.0.0.1:PORT. SMTP_SERVER_MODULE is the folder of the package.
const { SMTPServer } = require(process.env.SMTP_SERVER_MODULE);

let octets = 0;
const server = new SMTPServer({
    name: 'load.example.com',
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    onData(stream, session, callback) {
        stream.on('data', chunk => { octets += chunk.length; });
        stream.on('end', () => callback(null, 'OK'));
    }
});
server.listen(Number(process.argv[2]), '127.0.0.1');
