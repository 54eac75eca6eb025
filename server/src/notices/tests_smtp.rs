//! The mail sender against a server of the tests' own that speaks as much SMTP as is needed.

use std::sync::Arc;

use kanjie_store::DeliveryState;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::tests::state;
use super::*;
use crate::config::{Encryption, Smtp};
use crate::testing::TestApp;

/// What the server says to the end of each message, in turn; it keeps the messages.
async fn serve(
    listener: TcpListener,
    mut verdicts: Vec<&'static str>,
    kept: Arc<std::sync::Mutex<Vec<String>>>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        talk(stream, &mut verdicts, &kept).await;
    }
}

async fn talk(
    stream: TcpStream,
    verdicts: &mut Vec<&'static str>,
    kept: &std::sync::Mutex<Vec<String>>,
) {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mail.example\r\n").await.unwrap();
    let mut message: Option<String> = None;
    let mut line = String::new();
    while stream.read_line(&mut line).await.unwrap_or(0) > 0 {
        let command: String = line.chars().take(4).collect::<String>().to_uppercase();
        let answer = match (&mut message, line.trim_end()) {
            (Some(text), ".") => {
                kept.lock().unwrap().push(std::mem::take(text));
                message = None;
                verdicts.remove(0)
            }
            (Some(text), _) => {
                text.push_str(&line);
                ""
            }
            (None, _) if command == "DATA" => {
                message = Some(String::new());
                "354 go on"
            }
            (None, _) if command == "QUIT" => "221 bye",
            (None, _) => "250 mail.example",
        };
        if !answer.is_empty() {
            let _ = stream.write_all(format!("{answer}\r\n").as_bytes()).await;
        }
        line.clear();
    }
}

async fn with_mail(
    verdicts: Vec<&'static str>,
) -> (TestApp, Notices, Arc<std::sync::Mutex<Vec<String>>>) {
    let app = TestApp::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = (*app.services.config).clone();
    config.notices.smtp = Some(Smtp {
        host: String::from("127.0.0.1"),
        port: Some(listener.local_addr().unwrap().port()),
        encryption: Encryption::None,
        from: String::from("勘结 <kanjie@example.com>"),
        user: None,
        password_file: None,
        ca_file: None,
        timeout_seconds: 5,
    });
    config.check().unwrap();
    let kept = Arc::default();
    tokio::spawn(serve(listener, verdicts, Arc::clone(&kept)));
    let env = Arc::clone(&app.services.env);
    let notices = Notices::open(&config, app.services.store.clone(), env).unwrap();
    (app, notices, kept)
}

fn to(app: &TestApp) -> To<'_> {
    To {
        recipient: "someone@example.com",
        session: Some(&app.seeded.sessions["journey"]),
        case: None,
        life: None,
    }
}

#[tokio::test]
async fn mail_goes_to_the_mail_server_and_its_word_is_kept() {
    let (app, notices, kept) = with_mail(vec!["451 later", "250 2.0.0 queued as ABC123"]).await;
    notices
        .send_code(Kind::CodeAct, to(&app), "654321")
        .await
        .unwrap();
    assert_eq!(notices.deliver_due().await.unwrap(), 0);
    assert!(matches!(state(&app).await, DeliveryState::Failed { class, .. } if class == "busy"));
    app.env.pass(1);
    assert_eq!(notices.deliver_due().await.unwrap(), 1);
    let sent = state(&app).await;
    assert!(
        matches!(&sent, DeliveryState::Sent { gateway_id: Some(id), .. } if id.contains("ABC123")),
        "{sent:?}"
    );
    let kept = kept.lock().unwrap().clone();
    let id = |message: &str| {
        let line = message.lines().find(|line| line.starts_with("Message-ID"));
        line.unwrap().to_owned()
    };
    assert_eq!(
        id(&kept[0]),
        id(&kept[1]),
        "a repeat can be told from a second notice"
    );
    assert!(kept[1].contains("To: someone@example.com"));
}

#[tokio::test]
async fn what_the_mail_server_refuses_for_good_is_given_up() {
    let (app, notices, _kept) = with_mail(vec!["550 no such mailbox"]).await;
    notices
        .send_code(Kind::CodeAct, to(&app), "1")
        .await
        .unwrap();
    assert_eq!(notices.deliver_due().await.unwrap(), 0);
    assert!(
        matches!(state(&app).await, DeliveryState::GivenUp { class, .. } if class == "refused")
    );
}

#[tokio::test]
async fn a_mail_server_that_offers_no_encryption_gets_nothing() {
    let (app, _, kept) = with_mail(vec!["250 ok"]).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = (*app.services.config).clone();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(serve(listener, vec!["250 ok"], Arc::clone(&kept)));
    config.notices.smtp = Some(Smtp {
        host: String::from("127.0.0.1"),
        port: Some(port),
        encryption: Encryption::Starttls,
        from: String::from("kanjie@example.com"),
        user: None,
        password_file: None,
        ca_file: None,
        timeout_seconds: 5,
    });
    let env = Arc::clone(&app.services.env);
    let notices = Notices::open(&config, app.services.store.clone(), env).unwrap();
    notices
        .send_code(Kind::CodeAct, to(&app), "1")
        .await
        .unwrap();
    assert_eq!(notices.deliver_due().await.unwrap(), 0);
    assert!(matches!(state(&app).await, DeliveryState::Failed { .. }));
    assert!(kept.lock().unwrap().is_empty());
}
