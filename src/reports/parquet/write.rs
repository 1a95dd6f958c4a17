//! Rows into a file, row group by row group: what is held at a time is one group, however many rows there are.

use std::io;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{BoolType, ByteArrayType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;

use super::column::{Leaf, Room, Value, Values};
use super::{PARQUET_VERSION, ParquetTable, Sink};
use crate::reports::RenderError;

/// A group ends with whichever comes first.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    rows: usize,
    bytes: usize,
}

const GROUP: Bounds = Bounds { rows: 64 * 1024, bytes: 64 * 1024 * 1024 };

/// Writes a file of a table. Each row begins with what is the same in all of them.
pub(super) fn write_rows<'a, const N: usize>(
    table: &'static ParquetTable,
    same: &[Value<'a>],
    rows: impl Iterator<Item = [Value<'a>; N]>,
    out: &mut Sink<'_>,
) -> Result<(), RenderError> {
    let mut file = Rows::begin(table, same, out)?;
    for row in rows {
        file.put(row)?;
    }
    file.end()
}

/// A file in the making: a row that is put into it is held until its group is full.
pub(super) struct Rows<'o, 'w, 'v> {
    table: &'static ParquetTable,
    same: Vec<Value<'v>>,
    file: SerializedFileWriter<&'o mut Sink<'w>>,
    group: Vec<Room>,
    held: Bounds,
    most: Bounds,
}

impl<'o, 'w, 'v> Rows<'o, 'w, 'v> {
    /// Begins a file of a table.
    pub(super) fn begin(
        table: &'static ParquetTable,
        same: &[Value<'v>],
        out: &'o mut Sink<'w>,
    ) -> Result<Self, RenderError> {
        Self::bounded(table, same, GROUP, out).map_err(render_error)
    }

    fn bounded(
        table: &'static ParquetTable,
        same: &[Value<'v>],
        most: Bounds,
        out: &'o mut Sink<'w>,
    ) -> Result<Self, ParquetError> {
        let columns: String = table.every_column().map(|column| column.schema()).collect();
        let schema = parse_message_type(&format!("message {} {{ {columns} }}", table.name))?;
        let file = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties(table)))?;
        Ok(Self { table, same: same.to_vec(), file, group: room(table), held: Bounds { rows: 0, bytes: 0 }, most })
    }

    /// Puts a row into it.
    pub(super) fn put<'r, const N: usize>(&mut self, row: [Value<'r>; N]) -> Result<(), RenderError>
    where
        'v: 'r,
    {
        let values = self.same.iter().cloned().chain(row);
        let group = self.group.iter_mut().zip(values);
        self.held.bytes += group.map(|(column, value)| column.add(value)).sum::<usize>();
        self.held.rows += 1;
        if self.held.rows >= self.most.rows || self.held.bytes >= self.most.bytes {
            let full = std::mem::replace(&mut self.group, room(self.table));
            self.held = Bounds { rows: 0, bytes: 0 };
            write_group(&mut self.file, &full).map_err(render_error)?;
        }
        Ok(())
    }

    /// Writes what is left.
    pub(super) fn end(mut self) -> Result<(), RenderError> {
        if self.held.rows > 0 {
            write_group(&mut self.file, &self.group).map_err(render_error)?;
        }
        self.file.close().map(drop).map_err(render_error)
    }
}

fn room(table: &ParquetTable) -> Vec<Room> {
    table.every_column().map(|column| column.room()).collect()
}

fn properties(table: &ParquetTable) -> WriterProperties {
    let say = |key: &str, value: &str| KeyValue::new(key.to_owned(), value.to_owned());
    WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_key_value_metadata(Some(vec![
            say("keyroll_parquet", PARQUET_VERSION),
            say("keyroll_table", table.name),
            say("keyroll_version", env!("CARGO_PKG_VERSION")),
        ]))
        .build()
}

fn write_group(file: &mut SerializedFileWriter<&mut Sink<'_>>, group: &[Room]) -> Result<(), ParquetError> {
    let mut writer = file.next_row_group()?;
    let mut leaves = group.iter().flat_map(|column| &column.leaves);
    while let Some(mut column) = writer.next_column()? {
        write_leaf(leaves.next().expect("internal: a leaf for each column of the schema"), &mut column)?;
        column.close()?;
    }
    writer.close()?;
    Ok(())
}

fn write_leaf(leaf: &Leaf, column: &mut SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
    let [definitions, repetitions] =
        [&leaf.definitions, &leaf.repetitions].map(|levels| (!levels.is_empty()).then_some(levels.as_slice()));
    match &leaf.values {
        Values::Text(values) => column.typed::<ByteArrayType>().write_batch(values, definitions, repetitions),
        Values::Number(values) => column.typed::<Int64Type>().write_batch(values, definitions, repetitions),
        Values::YesNo(values) => column.typed::<BoolType>().write_batch(values, definitions, repetitions),
    }?;
    Ok(())
}

/// Why the place refused; anything else would be a bug of ours.
fn render_error(error: ParquetError) -> RenderError {
    match error {
        ParquetError::External(cause) => match cause.downcast::<io::Error>() {
            Ok(refused) => RenderError::Write(*refused),
            Err(other) => RenderError::Write(io::Error::other(other)),
        },
        other => RenderError::Write(io::Error::other(other)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use parquet::file::reader::{FileReader, SerializedFileReader};

    use super::*;
    use crate::digest::Digest;
    use crate::reports::parquet::{ParquetColumn, ParquetForm, column::column};

    static COLUMNS: [ParquetColumn; 1] = [column("letters", ParquetForm::Text, "Many")];
    static TABLE: ParquetTable =
        ParquetTable { name: "many", about: "Rows", columns: &COLUMNS, write: |_, _, _, _| Ok(()) };

    /// Counts what has arrived.
    struct Counted<'a>(&'a AtomicUsize, Vec<u8>);

    impl io::Write for Counted<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.fetch_add(bytes.len(), Ordering::Relaxed);
            self.1.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Writes rows of two kilobytes each, and gives back what had arrived when each row was asked for, and the file.
    fn written(count: usize, most: Bounds) -> (Vec<usize>, Vec<u8>) {
        let now = "2026-11-22T02:00:00Z".parse().unwrap();
        let same = [Value::text("acme"), Value::text("s1"), Value::time(now), Value::time(now), Value::yes_no(true)];
        let (arrived, mut before) = (AtomicUsize::new(0), Vec::new());
        let mut out = Counted(&arrived, Vec::new());
        let rows = (0..count).map(|row| {
            before.push(arrived.load(Ordering::Relaxed));
            [Value::text((0..32).map(|part| Digest::of(&(row, part)).to_string()).collect::<String>())]
        });
        let mut file = Rows::bounded(&TABLE, &same, most, &mut out).unwrap();
        for row in rows {
            file.put(row).unwrap();
        }
        file.end().unwrap();
        (before, out.1)
    }

    #[test]
    fn a_group_is_written_before_the_next_is_asked_for() {
        for most in [Bounds { rows: 10, bytes: usize::MAX }, Bounds { rows: usize::MAX, bytes: 20_000 }] {
            let (before, file) = written(45, most);
            for group in before.chunks(10).collect::<Vec<_>>().windows(2) {
                assert!(group[1][0] > group[0][0], "what a group holds is held no longer: {before:?}");
                assert!(group[0].iter().all(|bytes| bytes == &group[0][0]), "{before:?}");
            }
            let mut on_disk = tempfile::tempfile().unwrap();
            io::Write::write_all(&mut on_disk, &file).unwrap();
            let groups = SerializedFileReader::new(on_disk).unwrap();
            let rows: Vec<i64> = groups.metadata().row_groups().iter().map(|group| group.num_rows()).collect();
            assert_eq!(rows, [10, 10, 10, 10, 5]);
        }
    }

    #[test]
    fn a_place_that_refuses_is_told() {
        struct Full;
        impl io::Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let rows = std::iter::empty::<[Value<'_>; 1]>();
        let refused = write_rows(&TABLE, &[], rows, &mut Full).unwrap_err();
        let RenderError::Write(refused) = refused else { panic!("{refused}") };
        assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
    }
}
