//! `POST /v1/plans`: a question prepared once, to be asked often.

use crate::accept;
use crate::gate::Call;
use crate::plans::Plan;
use crate::problem::Problem;
use crate::reply::Written;
use crate::wire::{PlanAnswer, PlanRequest};
use axum::body::Body;
use axum::http::Response;
use lineal_query::shape_digest;
use std::sync::Arc;

/// Answers. Asking the same again gives the same name.
pub(crate) async fn post(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    let PlanRequest { query } = call.json()?;
    let (text, shape): (Arc<str>, Arc<str>) = (query.as_str().into(), shape_digest(&query).into());
    call.asked.question(Arc::clone(&text), Arc::clone(&shape), None);
    let token = call.who()?.token.id.clone();
    let withheld = call.sight()?.withheld;
    let app = Arc::clone(&call.app);
    let gzip = accept::takes_gzip(&call.parts.headers);
    let asker = token.clone();
    let work = call.app.pool.run(&asker, move |_, _| {
        let (text, shape) = (Arc::clone(&text), Arc::clone(&shape));
        let prepared = app.cache.prepare(&query).map_err(|mistake| Problem::mistake(&mistake))?;
        super::query::allowed(&prepared, withheld)?;
        let parameters = prepared.parameters().into_iter().map(str::to_owned).collect();
        let columns = prepared.columns().iter().map(|column| column.name.clone()).collect();
        let plan_id = app.plans.keep(&token, Plan::of(text, prepared, shape));
        let answer = PlanAnswer { plan_id, parameters, columns };
        let json = serde_json::to_value(answer).map_err(|_| Problem::fault())?;
        Ok(Written::json(&json, gzip))
    });
    Ok(work.await??.response("application/json"))
}
