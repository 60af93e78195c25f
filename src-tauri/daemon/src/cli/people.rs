//! `user add`: through the daemon while it runs, else in the database itself.

use super::data_dir;
use super::keys::{ACTOR, ask, with_writer};
use super::{Failure, Place, fail};
use crate::clock;
use crate::http::people::{AddedPerson, NewPerson, hash};
use clap::Subcommand;
use std::io::Read;
use store::Lane;
use store::people::{self, Role};

#[derive(Subcommand)]
pub enum UserCommand {
    /// Add a person who may sign in; the password is read from standard input.
    Add {
        #[command(flatten)]
        place: Place,
        #[arg(long)]
        name: String,
        /// agent, team_lead, mod, finance, ops_lead or admin
        #[arg(long)]
        role: String,
        /// Read the password from standard input; there is no other way.
        #[arg(long, required = true)]
        password_stdin: bool,
    },
}

/// Longest input read: a password is short.
const INPUT_BYTES_MAX: u64 = 4_096;

pub async fn run(command: UserCommand) -> Result<(), Failure> {
    let UserCommand::Add { place, name, role, password_stdin: _ } = command;
    let Some(role) = Role::parse(&role) else {
        return fail("--role is agent, team_lead, mod, finance, ops_lead or admin");
    };
    let mut password = String::new();
    std::io::stdin().take(INPUT_BYTES_MAX).read_to_string(&mut password)?;
    let password = password.trim_end_matches(['\r', '\n']).to_owned();
    let asked = NewPerson { name, role, password };
    asked.check().map_err(|error| Failure(error.message))?;
    if let Some(running) = data_dir::running(&place.data_dir).await {
        ask::<AddedPerson>(&running, "/v1/people", serde_json::to_string(&asked)?).await?;
    } else {
        let hash = hash(&asked.password).map_err(|error| Failure(error.message))?;
        let (name, now) = (asked.name.clone(), clock::wall());
        with_writer(&place, async |writer| {
            writer
                .run(Lane::Live, move |tx| {
                    Box::pin(async move { people::add(tx, &name, role, &hash, ACTOR, now).await })
                })
                .await
        })
        .await?;
    }
    println!("{} may sign in as {}", asked.name, role.as_str());
    Ok(())
}
