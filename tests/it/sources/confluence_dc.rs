//! `confluence-dc`, against answers written from the description of its API.
