//! Signatures over certificates and revocation lists. OpenSSL checks them: it is what the services themselves use, and knows
//! secp521r1, Ed448, small RSA keys and RSASSA-PSS with any parameters. What it does not know is told apart from what is forged.

use super::der::{Reader, dotted, tag};
use openssl::error::ErrorStack;
use openssl::hash::{Hasher, MessageDigest};
use openssl::md::{Md, MdRef};
use openssl::pkey::{Id, PKey, PKeyRef, Public};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Verifier};

/// How much of a message is kept for algorithms that need it in one piece (Ed25519, Ed448).
const WHOLE_MESSAGE: usize = 16 << 20;

/// What became of checking a signature.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Made with that key over these octets.
    Good,
    /// Not made with that key over these octets.
    Bad,
    /// It could not be checked, with the reason. Never to be taken for [`Verdict::Bad`].
    CannotJudge(String),
}

/// How much an algorithm still protects.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Strength {
    /// Nothing known against it.
    Sound,
    /// SHA-1: still accepted by OpenSSL's default, no longer by the crypto policy of Enterprise Linux 9.
    Weak,
    /// MD5 and older: signatures can be made up.
    Broken,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Digest {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Scheme {
    Rsa(Digest),
    Pss {
        digest: Digest,
        mask: Digest,
        salt: i32,
    },
    Ecdsa(Digest),
    Dsa(Digest),
    /// Ed25519 or Ed448: the message is signed itself.
    Whole(Id),
    Unknown,
}

/// A signature algorithm with its parameters.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Algorithm {
    scheme: Scheme,
    /// Its name, or its object identifier where it has none here.
    pub name: String,
    /// What it is worth.
    pub strength: Strength,
}

impl Digest {
    fn md(self) -> &'static MdRef {
        match self {
            Digest::Md5 => Md::md5(),
            Digest::Sha1 => Md::sha1(),
            Digest::Sha224 => Md::sha224(),
            Digest::Sha256 => Md::sha256(),
            Digest::Sha384 => Md::sha384(),
            Digest::Sha512 => Md::sha512(),
        }
    }

    fn message_digest(self) -> MessageDigest {
        match self {
            Digest::Md5 => MessageDigest::md5(),
            Digest::Sha1 => MessageDigest::sha1(),
            Digest::Sha224 => MessageDigest::sha224(),
            Digest::Sha256 => MessageDigest::sha256(),
            Digest::Sha384 => MessageDigest::sha384(),
            Digest::Sha512 => MessageDigest::sha512(),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Digest::Md5 => "MD5",
            Digest::Sha1 => "SHA-1",
            Digest::Sha224 => "SHA-224",
            Digest::Sha256 => "SHA-256",
            Digest::Sha384 => "SHA-384",
            Digest::Sha512 => "SHA-512",
        }
    }

    fn strength(self) -> Strength {
        match self {
            Digest::Md5 => Strength::Broken,
            Digest::Sha1 => Strength::Weak,
            _ => Strength::Sound,
        }
    }

    /// By its object identifier (RFC 3279, RFC 5754), as PSS parameters name it.
    fn of(oid: &[u8]) -> Option<Digest> {
        Some(match oid {
            [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05] => Digest::Md5,
            [0x2b, 0x0e, 0x03, 0x02, 0x1a] => Digest::Sha1,
            [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x04] => Digest::Sha224,
            [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01] => Digest::Sha256,
            [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02] => Digest::Sha384,
            [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03] => Digest::Sha512,
            _ => return None,
        })
    }
}

impl Scheme {
    /// By the object identifier of the AlgorithmIdentifier, and its parameters.
    fn of(oid: &[u8], parameters: Option<&[u8]>) -> Scheme {
        match oid {
            // PKCS #1 (RFC 8017)
            [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, last] => match last {
                4 => Scheme::Rsa(Digest::Md5),
                5 => Scheme::Rsa(Digest::Sha1),
                10 => pss(parameters).unwrap_or(Scheme::Unknown),
                11 => Scheme::Rsa(Digest::Sha256),
                12 => Scheme::Rsa(Digest::Sha384),
                13 => Scheme::Rsa(Digest::Sha512),
                14 => Scheme::Rsa(Digest::Sha224),
                _ => Scheme::Unknown,
            },
            // sha1WithRSASignature of OIW, as old authorities write it
            [0x2b, 0x0e, 0x03, 0x02, 0x1d] => Scheme::Rsa(Digest::Sha1),
            // ANSI X9.62 (RFC 5758)
            [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01] => Scheme::Ecdsa(Digest::Sha1),
            [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, last] => match last {
                1 => Scheme::Ecdsa(Digest::Sha224),
                2 => Scheme::Ecdsa(Digest::Sha256),
                3 => Scheme::Ecdsa(Digest::Sha384),
                4 => Scheme::Ecdsa(Digest::Sha512),
                _ => Scheme::Unknown,
            },
            // DSA (RFC 3279, RFC 5758)
            [0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x03] => Scheme::Dsa(Digest::Sha1),
            [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x01] => Scheme::Dsa(Digest::Sha224),
            [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x02] => Scheme::Dsa(Digest::Sha256),
            // RFC 8410
            [0x2b, 0x65, 0x70] => Scheme::Whole(Id::ED25519),
            [0x2b, 0x65, 0x71] => Scheme::Whole(Id::ED448),
            _ => Scheme::Unknown,
        }
    }

    fn digest(self) -> Option<Digest> {
        match self {
            Scheme::Rsa(d) | Scheme::Ecdsa(d) | Scheme::Dsa(d) | Scheme::Pss { digest: d, .. } => Some(d),
            Scheme::Whole(_) | Scheme::Unknown => None,
        }
    }

    /// Whether a key of this kind can have made it.
    fn fits(self, key: Id) -> bool {
        match self {
            Scheme::Rsa(_) => key == Id::RSA,
            Scheme::Pss { .. } => key == Id::RSA || key == Id::RSA_PSS,
            Scheme::Ecdsa(_) => key == Id::EC,
            Scheme::Dsa(_) => key == Id::DSA,
            Scheme::Whole(id) => key == id,
            Scheme::Unknown => true,
        }
    }
}

/// RSASSA-PSS-params (RFC 8017, A.2.3), whose defaults are SHA-1 and a salt of 20 octets.
fn pss(parameters: Option<&[u8]>) -> Option<Scheme> {
    let (mut digest, mut mask, mut salt) = (Digest::Sha1, Digest::Sha1, 20);
    let mut inside = Reader::new(parameters?).sequence().ok()?;
    while let Some(field) = inside.peek() {
        let value = inside.any().ok()?.value;
        let mut value = Reader::new(value);
        match field {
            0xa0 => digest = Digest::of(value.sequence().ok()?.expect(tag::OID).ok()?)?,
            0xa1 => {
                // mgf1 with its digest as parameter
                let mut mgf = value.sequence().ok()?;
                mgf.expect(tag::OID).ok()?;
                mask = Digest::of(mgf.sequence().ok()?.expect(tag::OID).ok()?)?;
            }
            0xa2 => {
                let octets = value.expect(tag::INTEGER).ok().filter(|o| o.len() <= 2)?;
                salt = octets.iter().fold(0, |n, &b| n << 8 | i32::from(b));
            }
            _ => {}
        }
    }
    Some(Scheme::Pss { digest, mask, salt })
}

impl Algorithm {
    /// Of the content of an AlgorithmIdentifier's SEQUENCE. What is not known has a name, too.
    pub fn read(content: &[u8]) -> Algorithm {
        let mut reader = Reader::new(content);
        let oid = reader.expect(tag::OID).unwrap_or_default();
        let scheme = Scheme::of(oid, reader.any().ok().map(|p| p.whole));
        let named =
            |kind: &str| scheme.digest().map_or_else(|| kind.to_owned(), |d| format!("{kind} with {}", d.name()));
        let name = match scheme {
            Scheme::Rsa(_) => named("RSA"),
            Scheme::Pss { .. } => named("RSASSA-PSS"),
            Scheme::Ecdsa(_) => named("ECDSA"),
            Scheme::Dsa(_) => named("DSA"),
            Scheme::Whole(Id::ED25519) => "Ed25519".to_owned(),
            Scheme::Whole(_) => "Ed448".to_owned(),
            Scheme::Unknown => match oid {
                [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 2] => "RSA with MD2".to_owned(),
                [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 3] => "RSA with MD4".to_owned(),
                _ => dotted(oid),
            },
        };
        let strength = match scheme.digest() {
            Some(digest) => digest.strength(),
            None if name.ends_with("MD2") || name.ends_with("MD4") => Strength::Broken,
            None => Strength::Sound,
        };
        Algorithm { scheme, name, strength }
    }

    /// Begins to take in what is signed.
    pub fn summing(&self) -> Summing {
        match (self.scheme, self.scheme.digest()) {
            (_, Some(digest)) => match Hasher::new(digest.message_digest()) {
                Ok(hasher) => Summing::Hash(hasher),
                Err(e) => Summing::Nothing(format!("OpenSSL has no {}: {}", digest.name(), first(&e))),
            },
            (Scheme::Whole(_), _) => Summing::Whole(Vec::new()),
            _ => Summing::Nothing(format!("its algorithm {} is not known here", self.name)),
        }
    }
}

/// What is signed, while it is read.
pub enum Summing {
    /// As a digest.
    Hash(Hasher),
    /// As it is.
    Whole(Vec<u8>),
    /// Not at all, and why.
    Nothing(String),
}

/// What is signed, when it was read.
#[derive(Clone, Debug)]
pub enum Summed {
    /// Its digest.
    Digest(Vec<u8>),
    /// Itself.
    Whole(Vec<u8>),
    /// It could not be taken in, and why.
    Nothing(String),
}

impl Summing {
    /// Takes in more of it.
    pub fn update(&mut self, bytes: &[u8]) {
        let failed = match self {
            Summing::Hash(hasher) => hasher.update(bytes).err().map(|e| first(&e)),
            Summing::Whole(all) if all.len() + bytes.len() > WHOLE_MESSAGE => {
                Some(format!("its algorithm signs the whole of it, and that is more than {} MiB", WHOLE_MESSAGE >> 20))
            }
            Summing::Whole(all) => {
                all.extend_from_slice(bytes);
                None
            }
            Summing::Nothing(_) => None,
        };
        if let Some(why) = failed {
            *self = Summing::Nothing(why);
        }
    }

    /// That was all.
    pub fn end(self) -> Summed {
        match self {
            Summing::Hash(mut hasher) => match hasher.finish() {
                Ok(digest) => Summed::Digest(digest.to_vec()),
                Err(e) => Summed::Nothing(first(&e)),
            },
            Summing::Whole(all) => Summed::Whole(all),
            Summing::Nothing(why) => Summed::Nothing(why),
        }
    }
}

/// Checks a signature with a key.
pub fn verify(algorithm: &Algorithm, summed: &Summed, signature: &[u8], key: &PKeyRef<Public>) -> Verdict {
    if !algorithm.scheme.fits(key.id()) {
        // No key of this kind makes such signatures.
        return Verdict::Bad;
    }
    let result = match (summed, algorithm.scheme) {
        (Summed::Nothing(why), _) => return Verdict::CannotJudge(why.clone()),
        (Summed::Digest(digest), scheme) => prepared(scheme, key).map(|mut context| context.verify(digest, signature)),
        (Summed::Whole(message), _) => {
            Verifier::new_without_digest(key).map(|mut v| v.verify_oneshot(signature, message))
        }
    };
    match result {
        // A preparation that fails says something of OpenSSL and its policy, nothing of the signature.
        Err(e) => Verdict::CannotJudge(format!("OpenSSL refuses {} with this key: {}", algorithm.name, first(&e))),
        Ok(Ok(true)) => Verdict::Good,
        Ok(Ok(false) | Err(_)) => Verdict::Bad,
    }
}

fn prepared(scheme: Scheme, key: &PKeyRef<Public>) -> Result<PkeyCtx<Public>, ErrorStack> {
    let mut context = PkeyCtx::new(key)?;
    context.verify_init()?;
    match scheme {
        Scheme::Pss { digest, mask, salt } => {
            context.set_rsa_padding(Padding::PKCS1_PSS)?;
            context.set_signature_md(digest.md())?;
            context.set_rsa_mgf1_md(mask.md())?;
            context.set_rsa_pss_saltlen(RsaPssSaltlen::custom(salt))?;
        }
        Scheme::Rsa(digest) => {
            context.set_rsa_padding(Padding::PKCS1)?;
            context.set_signature_md(digest.md())?;
        }
        Scheme::Ecdsa(digest) | Scheme::Dsa(digest) => context.set_signature_md(digest.md())?,
        Scheme::Whole(_) | Scheme::Unknown => {}
    }
    Ok(context)
}

/// The key of a SubjectPublicKeyInfo.
///
/// # Errors
/// OpenSSL cannot read it, in its words.
pub fn public_key(spki: &[u8]) -> Result<PKey<Public>, String> {
    PKey::public_key_from_der(spki).map_err(|e| first(&e))
}

/// The first of OpenSSL's errors: it says what, the others where.
pub fn first(errors: &ErrorStack) -> String {
    errors.errors().first().and_then(|e| e.reason()).unwrap_or("no reason given").to_owned()
}
