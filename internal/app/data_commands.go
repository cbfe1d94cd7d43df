package app

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/regulars/regulars/internal/sqldb"
)

type migrateCommand struct{}

// Run migrates the database. A server does the same at startup.
func (migrateCommand) Run(sh *shell) (err error) {
	if err := os.MkdirAll(sh.store.Data, 0o700); err != nil {
		return err
	}
	if err := checkDataDir(sh.store); err != nil {
		return err
	}
	db, err := sqldb.Open(sh.ctx, sh.store.Address(), sh.store.Options())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := checkOwnDatabase(sh.ctx, db); err != nil {
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
	File       string `arg:"" help:"Archive to write, or - for standard output."`
	WithoutKey bool   `name:"without-key" help:"Leave the secret key out of the archive. Keep the file secret.key separately: without it, two-factor authentication stops working."`
}

// Run writes a backup to a temporary file, then renames it, so that the file is
// always complete.
func (c backupCommand) Run(sh *shell) (err error) {
	if c.File == "-" {
		out := bufio.NewWriterSize(sh.stdout, 1<<20)
		return errors.Join(writeBackup(sh.ctx, sh.store, c.WithoutKey, out), out.Flush())
	}
	if _, err := os.Stat(c.File); err == nil {
		return fmt.Errorf("%s already exists", c.File)
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
	File string `arg:"" help:"Archive to read, or - for standard input."`
}

// Run restores a backup.
func (c restoreCommand) Run(sh *shell) (err error) {
	var from io.Reader = sh.stdin
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }() // read only
		from = file
	}
	missing, err := restoreBackup(sh.ctx, sh.store, bufio.NewReaderSize(from, 1<<20))
	if err != nil {
		return err
	}
	if missing != "" {
		fmt.Fprintf(sh.stdout, "The archive does not contain the secret key %s. Before you start the server, copy the key to %s or set REGULARS_SECRET_KEY.\n", missing, sh.store.KeyPath())
	}
	_, err = fmt.Fprintf(sh.stdout, "Restored to %s.\n", sh.store.Data)
	return err
}
