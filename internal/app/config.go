package app

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/sqldb"
)

// Store says where the data is and what opens it. Every command takes it.
type Store struct {
	Data        string `env:"REGULARS_DATA" placeholder:"DIR" help:"Folder for uploaded files and, without a database URL, for the database (default: ./regulars-data; demo: a fresh folder that goes away with it)."`
	DatabaseURL string `name:"database-url" env:"REGULARS_DATABASE_URL" placeholder:"URL" help:"Address of a PostgreSQL database (postgres://...). Empty: SQLite in the data folder."`
	DBConns     int    `name:"database-connections" env:"REGULARS_DATABASE_CONNECTIONS" default:"20" help:"Most connections to PostgreSQL at a time."`
	Synchronous string `name:"sqlite-synchronous" env:"REGULARS_SQLITE_SYNCHRONOUS" enum:"FULL,NORMAL" default:"FULL" help:"FULL keeps what was accepted through a power cut, NORMAL through a crash of the program only; it is faster."`
	SecretKey   string `name:"secret-key" env:"REGULARS_SECRET_KEY" placeholder:"HEX" help:"64 hex digits that secrets in the database are sealed with, the same on every node. Empty: the file secret.key in the data folder, which is made at the first start."`
	PreviousKey string `name:"secret-key-previous" env:"REGULARS_SECRET_KEY_PREVIOUS" placeholder:"HEX" help:"The secret key from before, while it is changed: what it sealed is sealed anew."`
}

// address is the database's address in the form sqldb takes.
func (s Store) address() string {
	if s.DatabaseURL != "" {
		return s.DatabaseURL
	}
	return "sqlite:" + filepath.Join(s.Data, databaseFile)
}

func (s Store) options() sqldb.Options {
	return sqldb.Options{Synchronous: s.Synchronous, MaxConns: s.DBConns}
}

func (s Store) filesFolder() string { return filepath.Join(s.Data, "files") }

const (
	defaultFolder = "./regulars-data"
	databaseFile  = "regulars.db"
	keyFile       = "secret.key"
)

// Logging says what the log looks like. It goes to the standard error.
type Logging struct {
	LogLevel  string `env:"REGULARS_LOG_LEVEL" enum:"debug,info,warn,error" default:"info" help:"Least level that is logged: ${enum}."`
	LogFormat string `env:"REGULARS_LOG_FORMAT" enum:"text,json" default:"text" help:"Form of the log: ${enum}."`
}

// Limits are the sizes and rates an operator may choose.
type Limits struct {
	BulkFileMiB     int64 `name:"bulk-file-mib" env:"REGULARS_BULK_FILE_MIB" default:"2048" help:"Largest file of a bulk job."`
	OpenImportMiB   int64 `name:"open-import-mib" env:"REGULARS_OPEN_IMPORT_MIB" default:"16" help:"Largest file of an import without a credential."`
	OpenImports     int   `name:"open-imports-per-hour" env:"REGULARS_OPEN_IMPORTS_PER_HOUR" default:"10" help:"Imports without a credential from one address in an hour."`
	AnonymousPerSec int   `name:"anonymous-per-second" env:"REGULARS_ANONYMOUS_PER_SECOND" default:"20" help:"Requests without a valid credential from one address in a second; 0: no limit."`
	SignInsPerMin   int   `name:"sign-ins-per-minute" env:"REGULARS_SIGN_INS_PER_MINUTE" default:"10" help:"Attempts to sign in from one address in a minute, and by one name; 0: no limit."`
	PicturesPerMin  int   `name:"pictures-per-minute" env:"REGULARS_PICTURES_PER_MINUTE" default:"30" help:"Pictures that one account or API key uploads in a minute; 0: no limit."`
	StreamsPerOwner int   `name:"streams-per-account" env:"REGULARS_STREAMS_PER_ACCOUNT" default:"20" help:"Event streams that one account or API key has open at a time; 0: no limit."`
	Streams         int   `name:"streams" env:"REGULARS_STREAMS" default:"1000" help:"Event streams that this process has open at a time; 0: no limit."`
	BulkPieceRows   int   `name:"bulk-piece-rows" env:"REGULARS_BULK_PIECE_ROWS" default:"4000" hidden:"" help:"Most rows of a bulk job that one transaction applies; of new people several times as many."`
	DryRunMiB       int64 `name:"dry-run-mib" env:"REGULARS_DRY_RUN_MIB" default:"16" help:"Memory that all running dry runs share for people whom a file repeats; the rest goes to temporary files of the data folder."`
	BulkKeepDays    int   `name:"bulk-keep-days" env:"REGULARS_BULK_KEEP_DAYS" default:"90" help:"Days the file and the row details of a bulk job are kept."`
	MinFreeMiB      int64 `name:"min-free-mib" env:"REGULARS_MIN_FREE_MIB" default:"256" help:"Free space on the data folder's disk below which /readyz fails and no file is accepted."`

	UnpackedMiB       int64         `name:"unpacked-mib" env:"REGULARS_UNPACKED_MIB" default:"1024" help:"Most that a packed file or workbook of a bulk job unpacks to."`
	FilesAtOnce       int           `name:"files-at-once" env:"REGULARS_FILES_AT_ONCE" default:"2" help:"Packed files and workbooks that are inspected at a time for uploads and the wizard, each in up to 32 MiB of memory; as many again for details of jobs."`
	FilesWait         time.Duration `name:"files-wait" env:"REGULARS_FILES_WAIT" default:"2s" help:"Time that such a file waits for its turn before it is refused with 503."`
	UploadsPerAccount int           `name:"uploads-per-account" env:"REGULARS_UPLOADS_PER_ACCOUNT" default:"8" help:"Uploads of bulk files that one account or API key has under way at a time; 0: no limit."`
	UploadsPerAddress int           `name:"uploads-per-address" env:"REGULARS_UPLOADS_PER_ADDRESS" default:"32" help:"Uploads of bulk files that one network address has under way at a time; 0: no limit."`
	AccountUploadMiB  int64         `name:"uploads-per-account-mib" env:"REGULARS_UPLOADS_PER_ACCOUNT_MIB" default:"4096" help:"Size of the uploads that one account or API key has under way at a time; 0: no limit."`
	AddressUploadMiB  int64         `name:"uploads-per-address-mib" env:"REGULARS_UPLOADS_PER_ADDRESS_MIB" default:"16384" help:"Size of the uploads that one network address has under way at a time; 0: no limit."`
	CommunityFilesMiB int64         `name:"community-files-mib" env:"REGULARS_COMMUNITY_FILES_MIB" default:"20480" help:"Size of the kept files of bulk jobs of one community; 0: no limit."`

	AnonymousBody     time.Duration `name:"anonymous-body-timeout" env:"REGULARS_ANONYMOUS_BODY_TIMEOUT" default:"30s" help:"Time that the whole body of a request without a valid credential may take."`
	BodyIdle          time.Duration `name:"body-idle-timeout" env:"REGULARS_BODY_IDLE_TIMEOUT" default:"60s" help:"Time after which a body of which no byte comes is given up."`
	HeaderTimeout     time.Duration `name:"header-timeout" env:"REGULARS_HEADER_TIMEOUT" default:"10s" help:"Time that the header of a request may take."`
	ConnectionsPerNet int           `name:"connections-per-address" env:"REGULARS_CONNECTIONS_PER_ADDRESS" default:"1000" help:"Connections from one network address at a time, trusted proxies excepted; 0: no limit."`
}

func (l Limits) uploadLimits() httpx.UploadLimits {
	return httpx.UploadLimits{
		PerAccount: l.UploadsPerAccount, PerAddress: l.UploadsPerAddress, BytesPerAccount: l.AccountUploadMiB << 20, BytesPerAddress: l.AddressUploadMiB << 20,
	}
}

// Serving says where a server listens and how it works.
type Serving struct {
	Addr        string        `env:"REGULARS_ADDR" default:":3333" placeholder:"HOST:PORT" help:"Address to listen on."`
	PublicURL   string        `name:"public-url" env:"REGULARS_PUBLIC_URL" placeholder:"URL" help:"Address people reach the server at, for the links it prints. Empty: made from the address it listens on."`
	Proxies     []string      `name:"trusted-proxies" env:"REGULARS_TRUSTED_PROXIES" placeholder:"CIDR" help:"Networks of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed."`
	Workers     int           `env:"REGULARS_WORKERS" default:"4" help:"Bulk jobs and other long work at a time: half of the workers take large jobs, the others files below 256 KiB. Mail and other short work has as many workers of its own."`
	Lease       time.Duration `env:"REGULARS_LEASE" default:"30s" help:"Time after which the jobs of a node that went silent are taken over."`
	StreamCheck time.Duration `name:"stream-check" env:"REGULARS_STREAM_CHECK" default:"1m" hidden:"" help:"Time after which the right to an open stream is checked again."`
	DrainAfter  time.Duration `name:"shutdown-timeout" env:"REGULARS_SHUTDOWN_TIMEOUT" default:"20s" help:"Time that running requests have to finish when the server stops."`
}

// Mailing says how mail leaves the server.
type Mailing struct {
	SMTPURL  string `name:"smtp-url" env:"REGULARS_SMTP_URL" placeholder:"URL" help:"Mail server, smtps://user:password@host:465 or smtp://host:587?tls=required (or optional, off). Empty: nothing is sent, the installation's owner reads the messages at /-/mail."`
	MailFrom string `name:"mail-from" env:"REGULARS_MAIL_FROM" placeholder:"ADDRESS" help:"Sender of mails, such as \"Our Club <club@example.com>\". Needed with a mail server."`
	PerHour  int    `name:"mails-per-hour" env:"REGULARS_MAILS_PER_HOUR" default:"10" help:"Mails of one kind to one recipient in an hour, three times as many notices about the ways to sign in; 0: no limit. More are not written."`

	StrangersPerHour int `name:"mails-to-strangers-per-hour" env:"REGULARS_MAILS_TO_STRANGERS_PER_HOUR" default:"20" help:"Mails of one account, and of one community, in an hour to addresses that were never confirmed; 0: no limit. More wait in the queue."`
}

// Founding says who makes communities and how long deleted ones are kept.
type Founding struct {
	Creation      string `name:"community-creation" env:"REGULARS_COMMUNITY_CREATION" enum:"everybody,owner" default:"everybody" help:"Who makes communities: every person with an account, or only the owner of the installation: ${enum}."`
	RetentionDays int    `name:"retention-days" env:"REGULARS_RETENTION_DAYS" default:"30" help:"Days in which deleted communities and members can be restored; then they are erased."`
}

func (f Founding) rules() community.Rules {
	return community.Rules{OwnerOnly: f.Creation == "owner", Retention: f.retention()}
}

func (f Founding) retention() time.Duration { return time.Duration(f.RetentionDays) * 24 * time.Hour }

// Signing says who gets an account, and how people sign in beside their
// passwords.
type Signing struct {
	Registration     string `env:"REGULARS_REGISTRATION" enum:"open,closed" default:"open" help:"Whether people may make accounts for themselves: open or closed."`
	OIDCIssuer       string `name:"oidc-issuer" env:"REGULARS_OIDC_ISSUER" placeholder:"URL" help:"OpenID Connect provider that people may sign in by, such as https://id.example.com. It has to send browsers back to PUBLIC_URL/sign-in/provider/return."`
	OIDCClientID     string `name:"oidc-client-id" env:"REGULARS_OIDC_CLIENT_ID" placeholder:"ID" help:"What the provider knows this server by. Needed with a provider."`
	OIDCClientSecret string `name:"oidc-client-secret" env:"REGULARS_OIDC_CLIENT_SECRET" placeholder:"SECRET" help:"What this server shows the provider."`
	OIDCName         string `name:"oidc-name" env:"REGULARS_OIDC_NAME" placeholder:"NAME" help:"What the provider's button says (default: the provider's host)."`
}

// provider is what people may sign in by; zero without one.
func (s Signing) provider() account.ProviderConfig {
	return account.ProviderConfig{Issuer: s.OIDCIssuer, ClientID: s.OIDCClientID, ClientSecret: s.OIDCClientSecret, Name: s.OIDCName}
}

func (s Signing) validate() error {
	if s.OIDCIssuer == "" {
		return nil
	}
	u, err := url.Parse(s.OIDCIssuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return fmt.Errorf("provider %q is not an address such as https://id.example.com", s.OIDCIssuer)
	}
	if s.OIDCClientID == "" {
		return errors.New("a provider to sign in by needs a client id")
	}
	return nil
}

// Config is every setting of a server. Its tags say the flag, the environment
// variable, the default and the help of each; a variable NAME can also be read
// from the file that NAME_FILE names.
type Config struct {
	Store    `embed:""`
	Logging  `embed:""`
	Serving  `embed:""`
	Limits   `embed:""`
	Mailing  `embed:""`
	Founding `embed:""`
	Signing  `embed:""`
}

// DefaultConfig is the Config of a server that was told nothing.
func DefaultConfig() (Config, error) {
	var c Config
	err := kong.ApplyDefaults(&c)
	c.Data = defaultFolder
	return c, err
}

// validate checks what the tags cannot say.
func (c Config) validate() error {
	if c.Workers < 1 || c.Lease < time.Second {
		return errors.New("workers must be at least 1 and lease at least 1s")
	}
	if c.RetentionDays < 1 || c.RetentionDays > 3650 {
		return errors.New("retention days must be 1 to 3650")
	}
	if c.UnpackedMiB < 1 || c.FilesAtOnce < 1 || c.FilesWait < time.Millisecond {
		return errors.New("unpacked MiB, files at once and the wait for a file must be above 0")
	}
	if c.AnonymousBody < time.Millisecond || c.BodyIdle < time.Millisecond || c.HeaderTimeout < time.Millisecond {
		return errors.New("the timeouts of bodies and headers must be above 0")
	}
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("public URL %q is not an address such as https://community.example.com", c.PublicURL)
		}
	}
	if err := c.Signing.validate(); err != nil {
		return err
	}
	_, err := c.proxies()
	return err
}

// proxies parses the networks; a lone address is a network of one.
func (c Config) proxies() ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, text := range c.Proxies {
		prefix, err := netip.ParsePrefix(text)
		if addr, lone := netip.ParseAddr(text); err != nil && lone == nil {
			prefix, err = addr.Prefix(addr.BitLen())
		}
		if err != nil {
			return nil, fmt.Errorf("trusted proxy %q is not a network such as 10.0.0.0/8", text)
		}
		list = append(list, prefix)
	}
	return list, nil
}

// publicURL is where people reach a server that listens on addr.
func (c Config) publicURL(addr net.Addr) string {
	if c.PublicURL != "" {
		return strings.TrimRight(c.PublicURL, "/")
	}
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return "http://" + addr.String()
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// readSecretFiles sets each variable NAME of our own that is missing while
// NAME_FILE names a file, to the file's content without the line break at its
// end.
func readSecretFiles(environ []string) error {
	for _, entry := range environ {
		name, path, _ := strings.Cut(entry, "=")
		target, ok := strings.CutSuffix(name, "_FILE")
		if !ok || !strings.HasPrefix(name, "REGULARS_") || path == "" {
			continue
		}
		if _, both := os.LookupEnv(target); both {
			return fmt.Errorf("both %s and %s are set: set one", target, name)
		}
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s names %s, which does not exist", name, path)
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		if err := os.Setenv(target, strings.TrimRight(string(content), "\r\n")); err != nil {
			return err
		}
	}
	return nil
}
