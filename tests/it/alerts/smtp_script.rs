//! A mail server that does what a script says: takes mail, refuses, hangs, cuts the line or talks nonsense.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What the server does when it is its turn.
#[derive(Debug, Clone)]
pub(crate) enum Turn {
    Say(&'static str),
    SayLong(usize),
    Hang,
    Cut,
}

/// The server's turns. Whatever is not mentioned is done as a proper server does.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(crate) greeting: Turn,
    pub(crate) hello: Turn,
    pub(crate) login: Turn,
    pub(crate) recipients: Vec<Turn>,
    pub(crate) data: Turn,
    pub(crate) content: Turn,
    pub(crate) goodbye: Turn,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            greeting: Turn::Say("220 script ready"),
            hello: Turn::Say("250-script\r\n250-8BITMIME\r\n250 AUTH PLAIN"),
            login: Turn::Say("235 welcome"),
            recipients: Vec::new(),
            data: Turn::Say("354 go on"),
            content: Turn::Say("250 taken"),
            goodbye: Turn::Say("221 bye"),
        }
    }
}

/// What the server heard.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) lines: Vec<String>,
    pub(crate) mails: Vec<String>,
}

/// A running server.
pub(crate) struct Server {
    pub(crate) port: u16,
    heard: Arc<Mutex<Heard>>,
}

impl Server {
    pub(crate) async fn start(script: Script) -> Self {
        Self::start_with(script, None).await
    }

    pub(crate) async fn start_with(script: Script, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let ears = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((tcp, _peer)) = listener.accept().await {
                match &tls {
                    Some(acceptor) => {
                        if let Ok(stream) = acceptor.accept(tcp).await {
                            let _ended = talk(stream, &script, &ears).await;
                        }
                    }
                    None => {
                        let _ended = talk(tcp, &script, &ears).await;
                    }
                }
            }
        });
        Self { port, heard }
    }

    /// The mails that were taken.
    pub(crate) fn mails(&self) -> Vec<String> {
        self.heard.lock().unwrap().mails.clone()
    }

    /// What the client said, but for the mails.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.heard.lock().unwrap().lines.clone()
    }
}

async fn talk<S: AsyncRead + AsyncWrite + Unpin>(stream: S, script: &Script, heard: &Mutex<Heard>) -> Option<()> {
    let mut line = BufReader::new(stream);
    let mut recipients = script.recipients.iter();
    act(&mut line, &script.greeting).await?;
    loop {
        let said = hear(&mut line).await?;
        heard.lock().unwrap().lines.push(said.clone());
        let turn = match said.split(' ').next().unwrap() {
            "EHLO" => script.hello.clone(),
            "AUTH" => script.login.clone(),
            "RCPT" => recipients.next().cloned().unwrap_or(Turn::Say("250 yes")),
            "DATA" => {
                act(&mut line, &script.data).await?;
                let mail = mail(&mut line).await?;
                heard.lock().unwrap().mails.push(mail);
                script.content.clone()
            }
            "QUIT" => {
                act(&mut line, &script.goodbye).await?;
                return Some(());
            }
            _ => Turn::Say("250 fine"),
        };
        act(&mut line, &turn).await?;
    }
}

async fn hear<S: AsyncRead + Unpin>(line: &mut BufReader<S>) -> Option<String> {
    let mut said = String::new();
    let length = line.read_line(&mut said).await.ok()?;
    (length > 0).then(|| said.trim_end().to_owned())
}

async fn mail<S: AsyncRead + Unpin>(line: &mut BufReader<S>) -> Option<String> {
    let mut mail = String::new();
    loop {
        let mut next = String::new();
        if line.read_line(&mut next).await.ok()? == 0 {
            return None;
        }
        if next == ".\r\n" {
            return Some(mail);
        }
        mail.push_str(next.strip_prefix('.').unwrap_or(&next));
    }
}

async fn act<S: AsyncRead + AsyncWrite + Unpin>(line: &mut BufReader<S>, turn: &Turn) -> Option<()> {
    match turn {
        Turn::Say(words) => line.get_mut().write_all(format!("{words}\r\n").as_bytes()).await.ok()?,
        Turn::SayLong(length) => line.get_mut().write_all("x".repeat(*length).as_bytes()).await.ok()?,
        Turn::Hang => std::future::pending().await,
        Turn::Cut => return None,
    }
    line.get_mut().flush().await.ok()
}
