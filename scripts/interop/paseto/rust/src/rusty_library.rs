//! rusty_paserk for keys, ids and wraps, on rusty_paseto for tokens.
use crate::{list, same, text};
use rusty_paserk::{Key, KeyId, Local, PieWrappedKey, PlaintextKey, Public, Secret, V4};
use rusty_paseto::core::{
    Footer, Paseto, PasetoAsymmetricPrivateKey, PasetoAsymmetricPublicKey, PasetoError, Payload,
};
use serde_json::{json, Value};

pub fn report(material: &Value) -> Value {
    let master = local_key(text(material, "masterKey"));
    same("k4.lid of the master key", &id_of(master.clone()), text(material, "masterKeyId"));

    for one in list(material, "tokens") {
        let payload = verify(one, text(one, "footer")).expect("a token of ours verifies");
        same("payload", &payload, text(one, "payload"));
    }
    for one in list(material, "forged") {
        assert!(verify(one, text(one, "footer")).is_err(), "a forged token passed");
    }
    for one in list(material, "secrets") {
        let public: PlaintextKey<V4, Public> = text(one, "public").parse().expect("k4.public");
        same("k4.pid", &KeyId::from(public.0).to_string(), text(one, "pid"));
        let wrapped: PieWrappedKey<V4, Secret> = text(one, "wrapped").parse().expect("k4.secret-wrap.pie");
        let secret = wrapped.unwrap_key(&master).expect("it unwraps");
        same("k4.secret", &PlaintextKey(secret.clone()).to_string(), text(one, "secret"));
        same("k4.sid", &KeyId::from(secret).to_string(), text(one, "sid"));
    }
    for one in list(material, "locals") {
        let wrapped: PieWrappedKey<V4, Local> = text(one, "wrapped").parse().expect("k4.local-wrap.pie");
        let local = wrapped.unwrap_key(&master).expect("it unwraps");
        same("k4.local", &PlaintextKey(local.clone()).to_string(), text(one, "local"));
        same("k4.lid", &id_of(local), text(one, "lid"));
    }

    json!({
        "library": "rusty_paserk", "version": "0.5.0 (rusty_paseto 0.8.0)", "language": "Rust",
        "made": made(&material["fresh"], &master),
    })
}

fn made(fresh: &Value, master: &Key<V4, Local>) -> Value {
    let PlaintextKey(secret): PlaintextKey<V4, Secret> = text(fresh, "secret").parse().expect("k4.secret");
    let local = local_key(text(fresh, "local"));
    let pid = KeyId::from(secret.public_key()).to_string();
    let footer = format!("{{\"kid\":\"{pid}\"}}");
    let token = Paseto::<rusty_paseto::core::V4, rusty_paseto::core::Public>::builder()
        .set_payload(Payload::from(text(fresh, "payload")))
        .set_footer(Footer::from(footer.as_str()))
        .try_sign(&PasetoAsymmetricPrivateKey::from(&rusty_paseto::core::Key::<64>::from(secret.clone())))
        .expect("it signs");
    json!({
        "secret": PlaintextKey(secret.clone()).to_string(),
        "pid": pid,
        "secretWrapped": secret.wrap_pie(master).to_string(),
        "sid": KeyId::from(secret).to_string(),
        "token": token,
        "localWrapped": local.wrap_pie(master).to_string(),
        "local": PlaintextKey(local.clone()).to_string(),
        "lid": id_of(local),
    })
}

fn verify(one: &Value, footer: &str) -> Result<String, PasetoError> {
    let PlaintextKey(public): PlaintextKey<V4, Public> = text(one, "public").parse().expect("k4.public");
    Paseto::<rusty_paseto::core::V4, rusty_paseto::core::Public>::try_verify(
        text(one, "token"),
        &PasetoAsymmetricPublicKey::from(&rusty_paseto::core::Key::<32>::from(public)),
        Some(Footer::from(footer)),
        None,
    )
}

fn local_key(paserk: &str) -> Key<V4, Local> {
    let PlaintextKey(key) = paserk.parse().expect("k4.local");
    key
}

fn id_of(key: Key<V4, Local>) -> String {
    KeyId::from(key).to_string()
}
