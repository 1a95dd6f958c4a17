//! The line under the library: each of its requests leaves through ours, to the bucket and nowhere else, and an answer that is no
//! success becomes a word of ours, with whether to ask again.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use reqwest::header::{ACCEPT_ENCODING, HeaderValue};
use reqwest::{Body, Method, Request, Url};

use super::super::line::Line;
use super::refusal::{BucketError, Refusal, has_code, refused};

/// Bytes of an answer, at the most. What is asked for is no larger.
const LARGEST_ANSWER: usize = 16 * 1024 * 1024;

/// Lets requests to one bucket out.
#[derive(Clone)]
pub(super) struct Door(Arc<Inner>);

struct Inner {
    line: Line,
    base: Url,
}

impl Door {
    pub(super) fn new(line: Line, base: Url) -> Self {
        Self(Arc::new(Inner { line, base }))
    }

    /// A request may lead to the bucket or to what is in it.
    fn admit(&self, url: &str) -> Result<Url, BucketError> {
        let url: Url = url.parse().map_err(|_no_url| BucketError::NotSent("its address is none".to_owned()))?;
        let Self(inner) = self;
        let prefix = inner.base.path().trim_end_matches('/');
        let inside = url.path().strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if url.origin() == inner.base.origin() && inside {
            return Ok(url);
        }
        Err(BucketError::NotSent("it leads away from the bucket".to_owned()))
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, BucketError> {
        let Self(inner) = self;
        let (head, body) = request.into_parts();
        let method = head.method.clone();
        let mut request = Request::new(head.method, self.admit(&head.uri.to_string())?);
        *request.headers_mut() = head.headers;
        for name in ["authorization", "x-amz-security-token"] {
            if let Some(value) = request.headers_mut().get_mut(name) {
                value.set_sensitive(true);
            }
        }
        // Lengths and digests are those of what is stored.
        request.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        *request.body_mut() = Some(Body::wrap(body));
        let mut response = inner.line.open(request).await?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| inner.line.broken(error))? {
            if body.len() + piece.len() > LARGEST_ANSWER {
                return Err(BucketError::Unreadable(format!("it is larger than {LARGEST_ANSWER} bytes")));
            }
            body.extend_from_slice(&piece);
        }
        // Putting parts together may fail after it was called a success.
        let failed = !status.is_success() || (method == Method::POST && has_code(&body));
        if failed {
            return Err(refused(&method, status, &headers, &body, |text| inner.line.masked(text)));
        }
        let mut answer = HttpResponse::new(body.into());
        *answer.status_mut() = status;
        *answer.headers_mut() = headers;
        Ok(answer)
    }
}

#[async_trait]
impl HttpService for Door {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.exchange(request).await.map_err(|error| HttpError::new(kind(&error), error))
    }
}

impl HttpConnector for Door {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Door")
    }
}

/// What the library takes for worth another try: every request of ours may be made twice.
fn kind(error: &BucketError) -> HttpErrorKind {
    match error {
        BucketError::Unreachable(_) | BucketError::Refused { why: Refusal::Busy | Refusal::Damaged, .. } => {
            HttpErrorKind::Request
        }
        BucketError::NotSent(_)
        | BucketError::Untrusted(_)
        | BucketError::Unreadable(_)
        | BucketError::Refused { .. } => HttpErrorKind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::super::{Mask, OutletSettings};
    use super::*;
    use crate::clock::SystemClock;

    #[test]
    fn a_request_leads_to_the_bucket_and_nowhere_else() {
        let base = Url::parse("https://s3.example.com/store/lake").unwrap();
        let (timeout, clock) = (Duration::from_secs(1), Arc::new(SystemClock));
        let settings = OutletSettings { ca_file: None, proxy: None, timeout, allow_http: false, clock };
        let door = Door::new(Line::new(&base, &settings, Mask::default()).unwrap(), base);
        for inside in ["", "?uploads", "/findings/tenant=a%252Fb/x.parquet?partNumber=1&uploadId=u"] {
            assert!(door.admit(&format!("https://s3.example.com/store/lake{inside}")).is_ok(), "{inside}");
        }
        for elsewhere in [
            "https://s3.example.com/store/lake-of-others/x",
            "https://s3.example.com/store/lake/../others/x",
            "https://s3.example.com/store",
            "http://s3.example.com/store/lake/x",
            "https://169.254.169.254/store/lake/x",
        ] {
            assert!(matches!(door.admit(elsewhere), Err(BucketError::NotSent(_))), "{elsewhere}");
        }
    }
}
