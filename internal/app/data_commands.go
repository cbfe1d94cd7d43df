package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/regulars/regulars/internal/sqldb"
)

type migrateCommand struct{}

// Run migrates. A server does so by itself when it starts; this is for those
// who want to see it done before.
func (migrateCommand) Run(sh *shell) (err error) {
	if err := os.MkdirAll(sh.store.Data, 0o700); err != nil {
		return err
	}
	if err := checkFolder(sh.store); err != nil {
		return err
	}
	db, err := sqldb.Open(sh.ctx, sh.store.address(), sh.store.options())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := checkProgram(sh.ctx, db); err != nil {
		return err
	}
	if err := db.Migrate(sh.ctx); err != nil {
		return err
	}
	current, _, err := db.SchemaVersion(sh.ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(sh.stdout, "The schema is at version %d.\n", current)
	return err
}

type backupCommand struct {
	File       string `arg:"" help:"Archive to write, or - for the standard output."`
	WithoutKey bool   `name:"without-key" help:"Leave the secret key out of the archive: keep the file secret.key yourself: without it second factors are lost."`
}

// Run writes a backup: to a temporary name first, so that a file of that name
// is always whole.
func (c backupCommand) Run(sh *shell) (err error) {
	if c.File == "-" {
		out := bufio.NewWriterSize(sh.stdout, 1<<20)
		return errors.Join(writeBackup(sh.ctx, sh.store, c.WithoutKey, out), out.Flush())
	}
	if _, err := os.Stat(c.File); err == nil {
		return fmt.Errorf("%s exists already", c.File)
	}
	file, err := os.CreateTemp(filepath.Dir(c.File), ".backup-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	out := bufio.NewWriterSize(file, 1<<20)
	err = writeBackup(sh.ctx, sh.store, c.WithoutKey, out)
	if err := errors.Join(err, out.Flush(), file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), c.File); err != nil {
		return err
	}
	_, err = fmt.Fprintf(sh.stdout, "Wrote %s.\n", c.File)
	return err
}

type restoreCommand struct {
	File string `arg:"" help:"Archive to read, or - for the standard input."`
}

// Run restores a backup.
func (c restoreCommand) Run(sh *shell) (err error) {
	var from io.Reader = sh.stdin
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }() // it was only read
		from = file
	}
	missing, err := readBackup(sh.ctx, sh.store, bufio.NewReaderSize(from, 1<<20))
	if err != nil {
		return err
	}
	if missing != "" {
		fmt.Fprintf(sh.stdout, "The archive does not hold the secret key %s: put it into %s, or set REGULARS_SECRET_KEY, before you start the server.\n", missing, sh.store.keyFile())
	}
	_, err = fmt.Fprintf(sh.stdout, "Restored to %s.\n", sh.store.Data)
	return err
}

// checkProgram rejects a SQLite database that has tables, but none of this
// program's migrations.
func checkProgram(ctx context.Context, db *sqldb.DB) error {
	if db.Dialect() != sqldb.SQLite {
		return nil
	}
	tables, migrated, err := countTables(ctx, db)
	if err != nil {
		return fmt.Errorf("read the tables of the database: %w. %s", err, restoreRemedy)
	}
	if tables > 0 && migrated == 0 {
		return fmt.Errorf("%s is the database of another program: choose another data folder, or restore a backup into a new one", databaseFile)
	}
	return nil
}
