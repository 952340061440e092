//! pasetors, which has tokens and ids, and no wraps.
use crate::{list, same, text};
use pasetors::keys::{AsymmetricPublicKey, AsymmetricSecretKey, SymmetricKey};
use pasetors::paserk::{FormatAsPaserk, Id};
use pasetors::token::UntrustedToken;
use pasetors::version4::PublicToken;
use pasetors::{version4::V4, Public};
use serde_json::{json, Value};

pub fn report(material: &Value) -> Value {
    for one in list(material, "tokens") {
        let payload = verify(one).expect("a token of ours verifies");
        same("payload", &payload, text(one, "payload"));
    }
    for one in list(material, "forged") {
        assert!(verify(one).is_err(), "a forged token passed");
    }
    for one in list(material, "secrets") {
        same("k4.pid", &paserk(&Id::from(&public_key(one))), text(one, "pid"));
        let secret = AsymmetricSecretKey::<V4>::try_from(text(one, "secret")).expect("k4.secret");
        same("k4.sid", &paserk(&Id::from(&secret)), text(one, "sid"));
    }
    for one in list(material, "locals") {
        let local = SymmetricKey::<V4>::try_from(text(one, "local")).expect("k4.local");
        same("k4.lid", &paserk(&Id::from(&local)), text(one, "lid"));
    }

    let fresh = &material["fresh"];
    let secret = AsymmetricSecretKey::<V4>::try_from(text(fresh, "secret")).expect("k4.secret");
    let local = SymmetricKey::<V4>::try_from(text(fresh, "local")).expect("k4.local");
    let public = AsymmetricPublicKey::<V4>::try_from(&secret).expect("its public half");
    let pid = paserk(&Id::from(&public));
    let footer = format!("{{\"kid\":\"{pid}\"}}");
    let token = PublicToken::sign(&secret, text(fresh, "payload").as_bytes(), Some(footer.as_bytes()), None)
        .expect("it signs");
    json!({
        "library": "pasetors", "version": "0.8.1", "language": "Rust",
        "made": {
            "secret": paserk(&secret), "pid": pid, "sid": paserk(&Id::from(&secret)), "token": token,
            "local": paserk(&local), "lid": paserk(&Id::from(&local)),
        },
    })
}

fn verify(one: &Value) -> Result<String, pasetors::errors::Error> {
    let token = UntrustedToken::<Public, V4>::try_from(text(one, "token"))?;
    let footer = text(one, "footer").as_bytes();
    Ok(PublicToken::verify(&public_key(one), &token, Some(footer), None)?.payload().to_string())
}

fn public_key(one: &Value) -> AsymmetricPublicKey<V4> {
    AsymmetricPublicKey::<V4>::try_from(text(one, "public")).expect("k4.public")
}

fn paserk(key: &impl FormatAsPaserk) -> String {
    let mut text = String::new();
    key.fmt(&mut text).expect("a String takes what is written");
    text
}
