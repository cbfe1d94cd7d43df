package source

import "github.com/regulars/regulars/internal/field"

// otherHeaders are names of the default fields in other programs and languages:
// English, German, Spanish, French, Italian, Portuguese, Dutch, Polish, Turkish,
// Russian, Chinese, Japanese. Spaces, signs, accents and case are ignored.
var otherHeaders = map[string]string{
	field.FirstName: "given name; given names; forename; first; fname; christian name; " +
		"Vorname; Vornamen; Rufname; " +
		"nombre; nombres; nombre de pila; primer nombre; " +
		"prénom; prénoms; " +
		"nome; nome di battesimo; " +
		"primeiro nome; nome próprio; " +
		"voornaam; voornamen; roepnaam; " +
		"imię; imiona; " +
		"ad; adı; isim; ismi; ön ad; " +
		"имя; " +
		"名; 名字; 名前; 下の名前; 名（名前）",
	field.LastName: "surname; family name; last; lname; second name; " +
		"Nachname; Familienname; Zuname; " +
		"apellido; apellidos; primer apellido; " +
		"nom; nom de famille; " +
		"cognome; " +
		"sobrenome; apelido; último nome; " +
		"achternaam; familienaam; geslachtsnaam; " +
		"nazwisko; " +
		"soyad; soyadı; soyisim; " +
		"фамилия; " +
		"姓; 姓氏; 苗字; 名字（姓）",
	field.Username: "user; user name; user id; login; login name; nickname; nick; nick name; handle; screen name; account; account name; alias; " +
		"Benutzername; Benutzer; Anmeldename; Nutzername; Spitzname; Kontoname; " +
		"usuario; nombre de usuario; alias de usuario; " +
		"nom d'utilisateur; utilisateur; identifiant; pseudo; pseudonyme; " +
		"nome utente; utente; nickname utente; " +
		"nome de usuário; usuário; utilizador; nome de utilizador; apelido de usuário; " +
		"gebruikersnaam; gebruiker; inlognaam; " +
		"nazwa użytkownika; użytkownik; pseudonim; " +
		"kullanıcı adı; kullanıcı; rumuz; " +
		"имя пользователя; пользователь; логин; ник; никнейм; " +
		"用户名; 用户; 用戶名; 使用者名稱; 账号; 帐号; 昵称; 登录名; " +
		"ユーザー名; ユーザ名; ユーザー; ユーザーネーム; ニックネーム; ログイン名; アカウント名",
	field.EmailName: "mail; e mail; email address; mail address; email id; primary email; contact email; email 1; email 1 value; " +
		"E-Mail-Adresse; Mailadresse; Mail-Adresse; Emailadresse; " +
		"correo; correo electrónico; dirección de correo; dirección de correo electrónico; email de contacto; " +
		"courriel; adresse e-mail; adresse mail; adresse électronique; mél; adresse de courriel; " +
		"posta elettronica; indirizzo e-mail; indirizzo mail; indirizzo di posta elettronica; " +
		"endereço de e-mail; correio eletrônico; correio eletrónico; endereço eletrônico; " +
		"e-mailadres; mailadres; emailadres; " +
		"adres e-mail; adres email; poczta; poczta elektroniczna; " +
		"e-posta; eposta; e-posta adresi; mail adresi; " +
		"почта; электронная почта; эл. почта; адрес электронной почты; емейл; имейл; е-мейл; " +
		"邮箱; 电子邮件; 电子邮箱; 邮件; 邮箱地址; 电子邮件地址; 邮件地址; 電子郵件; 信箱; " +
		"メール; メールアドレス; Eメール; 電子メール; eメールアドレス; メアド",
	field.PhoneName: "telephone; telephone number; phone number; mobile; mobile phone; mobile number; cell; cell phone; cellphone; tel; tel no; phone no; phone 1 value; contact number; " +
		"Telefon; Telefonnummer; Handy; Handynummer; Mobil; Mobilnummer; Mobiltelefon; Tel.-Nr.; Rufnummer; " +
		"teléfono; número de teléfono; móvil; teléfono móvil; celular; " +
		"téléphone; numéro de téléphone; portable; tél; téléphone portable; " +
		"telefono; numero di telefono; cellulare; " +
		"telefone; número de telefone; telemóvel; celular telefone; " +
		"telefoon; telefoonnummer; mobiel; mobiel nummer; gsm; " +
		"numer telefonu; telefon komórkowy; komórka; nr telefonu; " +
		"telefon numarası; cep telefonu; cep; gsm no; " +
		"телефон; номер телефона; мобильный; мобильный телефон; сотовый; " +
		"电话; 手机; 手机号; 手机号码; 电话号码; 联系电话; 電話號碼; 手機; " +
		"電話; 電話番号; 携帯; 携帯電話; 携帯番号; 携帯電話番号",
	field.CountryName: "nation; country code; country name; country region; country of residence; " +
		"Land; Staat; Ländercode; Länderkürzel; Wohnsitzland; " +
		"país; código de país; " +
		"pays; code pays; " +
		"paese; nazione; stato; codice paese; " +
		"código do país; " +
		"landcode; woonland; " +
		"kraj; państwo; kod kraju; " +
		"ülke; ülke kodu; " +
		"страна; код страны; " +
		"国家; 国家代码; 國家; 国家或地区; 国家地区; " +
		"国; 国名; 国コード; 居住国",
	field.LanguageName: "locale; lang; preferred language; language code; " +
		"Sprache; Sprachcode; Muttersprache; " +
		"idioma; lengua; lenguaje; " +
		"langue; langue préférée; " +
		"lingua; " +
		"língua; idioma preferido; " +
		"taal; voertaal; " +
		"język; " +
		"dil; tercih edilen dil; " +
		"язык; " +
		"语言; 語言; 首选语言; " +
		"言語; 使用言語",
	field.RoleName: "roles; group; groups; user role; access level; " +
		"Rolle; Rollen; Gruppe; Gruppen; " +
		"rol; roles de usuario; grupo; grupos; " +
		"rôle; rôles; groupe; groupes; " +
		"ruolo; ruoli; gruppo; gruppi; " +
		"função; funções; papel; " +
		"rollen; groep; groepen; " +
		"rola; role użytkownika; grupa; grupy; " +
		"roller; grup; gruplar; " +
		"роль; роли; группа; группы; " +
		"角色; 分组; 群组; 身份组; " +
		"ロール; 役割; グループ",
	field.TagName: "tags; label; labels; keyword; keywords; " +
		"Schlagwort; Schlagworte; Schlagwörter; Etikett; Etiketten; Stichwort; Stichwörter; " +
		"etiqueta; etiquetas; " +
		"étiquette; étiquettes; mot-clé; mots-clés; libellé; " +
		"etichetta; etichette; " +
		"marcador; marcadores; rótulo; " +
		"trefwoord; trefwoorden; labels van lid; " +
		"tag użytkownika; tagi; etykieta; etykiety; " +
		"etiket; etiketler; " +
		"тег; теги; метка; метки; " +
		"标签; 標籤; " +
		"タグ; ラベル",
	"time_zone": "timezone; tz; time zone name; " +
		"Zeitzone; zona horaria; huso horario; fuseau horaire; fuso orario; fuso horário; tijdzone; strefa czasowa; saat dilimi; часовой пояс; 时区; 時區; タイムゾーン",
}
