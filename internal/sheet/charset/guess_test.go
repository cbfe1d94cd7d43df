package charset_test

import (
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/sheet/charset"
)

// samples are names, cities and words of members by language, and the encodings
// that files in that language have.
var samples = []struct{ language, encodings, text string }{
	{"German", "windows-1252 macintosh ibm850", "Jürgen Müller, Köln; Bärbel Schröder, Düsseldorf; Günther Weiß, Würzburg"},
	{"German cities", "windows-1252 macintosh ibm850", "München; Nürnberg; Lübeck; Straße; Österreich"},
	{"German, one name", "windows-1252", "Müller"},
	{"French", "windows-1252 macintosh ibm850", "François Lefèvre, Orléans; Hélène Bérenger, Besançon; Gaël Forêt, Nîmes"},
	{"Spanish", "windows-1252 macintosh ibm850", "José Muñoz, Córdoba; Íñigo Peña, Málaga; Ángela Núñez, León"},
	{"Portuguese", "windows-1252 macintosh ibm850", "João Conceição, São Paulo; Antônio Magalhães, Brasília; Inês Simões, Florianópolis"},
	{"Italian", "windows-1252", "Niccolò Forlì, Cefalù; Città di Castello; perché"},
	{"Swedish", "windows-1252 macintosh ibm850", "Björn Åkerström, Malmö; Åsa Öberg, Västerås; Märta Sjögren, Göteborg"},
	{"Danish", "windows-1252 macintosh ibm850", "Søren Kjær, København; Jørgen Ågård, Århus; Bjørn Østergaard, Tønder"},
	{"Norwegian", "windows-1252", "Bjørn Sæther, Tromsø; Åse Grønn, Ålesund"},
	{"Finnish", "windows-1252", "Mäkinen, Jyväskylä; Hämäläinen, Hyvinkää; Väinö Lehtimäki"},
	{"Icelandic", "windows-1252", "Guðrún Þórðardóttir, Reykjavík; Sigurður Ólafsson, Akranes"},
	{"Polish", "windows-1250 iso-8859-2 ibm852", "Łukasz Wiśniewski, Łódź; Małgorzata Dąbrowska, Kraków; Paweł Zieliński, Gdańsk"},
	{"Polish cities", "windows-1250 iso-8859-2", "Poznań; Wrocław; Łódź; Białystok; Częstochowa"},
	{"Czech", "windows-1250 iso-8859-2 ibm852", "Jiří Dvořák, Plzeň; Tomáš Černý, Děčín; Zdeněk Růžička, Třebíč"},
	{"Slovak", "windows-1250 iso-8859-2", "Ľubomír Šťastný, Košice; Ján Kováč, Žilina; Zuzana Hudáková, Piešťany"},
	{"Hungarian", "windows-1250 iso-8859-2", "László Szőke, Győr; Gergő Fülöp, Hódmezővásárhely; Tünde Kőszegi, Fertőd"},
	{"Croatian", "windows-1250 iso-8859-2", "Željko Kovačević, Šibenik; Snježana Đurić, Čakovec; Ivan Perišić, Požega"},
	{"Turkish", "windows-1254", "Ayşe Yıldız, İzmir; Çağlar Öztürk, Eskişehir; Gülşah Şahin, Diyarbakır"},
	{"Lithuanian", "windows-1257", "Žydrūnas Šarūnas, Šiauliai; Rūta Kazlauskaitė, Panevėžys; Jonas Čiurlionis"},
	{"Latvian", "windows-1257", "Jānis Bērziņš, Rīga; Kristīne Ozoliņa, Liepāja; Pēteris Kļaviņš"},
	{"Estonian", "windows-1257 windows-1252", "Jüri Mägi, Tallinn; Õnne Pärn, Võru; Ülle Jõgi, Põltsamaa"},
	{"Russian", "windows-1251 koi8-r ibm866 iso-8859-5 x-mac-cyrillic", "Иван Петров, Москва; Ольга Смирнова, Екатеринбург; Дмитрий Кузнецов, Казань"},
	{"Russian, one name", "windows-1251 koi8-r ibm866", "Иван Петров"},
	{"Russian capitals", "windows-1251 koi8-r", "ИВАНОВ СЕРГЕЙ; ПЕТРОВА АННА; САНКТ-ПЕТЕРБУРГ"},
	{"Ukrainian", "windows-1251 koi8-u", "Олексій Шевченко, Київ; Наталія Ковальчук, Львів; Андрій Гриценко, Чернівці"},
	{"Bulgarian", "windows-1251", "Георги Димитров, София; Цветана Христова, Пловдив; Стоян Желязков, Бургас"},
	{"Serbian", "windows-1251", "Милош Ђорђевић, Београд; Јелена Петровић, Ниш; Љубомир Његош"},
	{"Greek", "windows-1253 iso-8859-7", "Γιώργος Παπαδόπουλος, Αθήνα; Ελένη Νικολάου, Θεσσαλονίκη; Δημήτρης Γεωργίου"},
	{"Hebrew", "windows-1255 iso-8859-8", "דוד כהן, ירושלים; שרה לוי, תל אביב; יוסף מזרחי, חיפה"},
	{"Arabic", "windows-1256", "محمد أحمد, القاهرة; فاطمة علي, دمشق; عبد الله حسن, بغداد"},
	{"Arabic", "iso-8859-6", "محمد أحمد, القاهرة; فاطمة علي, دمشق; عبد الله حسن, بغداد"},
	{"Thai", "windows-874", "สมชาย ใจดี, กรุงเทพ; สุดา แสงทอง, เชียงใหม่; วิชัย ศรีสุข"},
	{"Chinese", "gbk", "张伟, 北京; 王芳, 上海; 李娜, 广州; 刘洋, 深圳"},
	{"Chinese, one name", "gbk", "伟,张"},
	{"Chinese names", "gbk", "陈静; 杨磊; 赵敏; 黄丽; 周杰"},
	{"Chinese, traditional", "big5", "陳美玲, 台北; 林志明, 高雄; 黃淑芬, 臺中; 張家豪, 新竹"},
	{"Japanese", "shift_jis euc-jp", "山田太郎, 東京; 佐藤花子, 大阪; 鈴木一郎, 横浜"},
	{"Japanese kana", "shift_jis euc-jp", "ヤマダ タロウ; さとう はなこ; スズキ イチロウ"},
	{"Japanese half-width", "shift_jis", "ﾔﾏﾀﾞ ﾀﾛｳ; ｻﾄｳ ﾊﾅｺ; ｽｽﾞｷ ｲﾁﾛｳ"},
	{"Korean", "euc-kr", "김철수, 서울; 이영희, 부산; 박민수, 대구"},
	{"Korean, one name", "euc-kr", "김철수"},
	{"Vietnamese", "windows-1258", "Trần Thị Hương, Hà Nội"},
	{"several languages", "windows-1252", "Müller; José; François; Søren; João; Åsa"},
	{"dashes and quotes", "windows-1252", "“Café” – 5 €; Zoë’s; Brontë; naïve; François; José"},
	{"prices", "windows-1252", "5 €; 12 €; Größe"},
}

func linesOf(text, encoding string) [][]byte {
	encoder := charset.NewEncoder(encoding)
	var lines [][]byte
	for line := range strings.SplitSeq(text, "; ") {
		lines = append(lines, encoder.Append(nil, []byte(line)))
	}
	return lines
}

func TestNamesAndCitiesAreGuessed(t *testing.T) {
	const enough = 0.7
	tests := 0
	for _, s := range samples {
		if s.language == "Vietnamese" {
			continue
		}
		for name := range strings.FieldsSeq(s.encodings) {
			tests++
			lines := linesOf(s.text, name)
			guess := charset.GuessEncoding(lines)
			right := sameText(lines, guess.Encoding, name)
			t.Logf("%v %.2f %s %s: %s %+v", right, guess.Confidence, s.language, name, guess.Encoding, guess.Candidates)
			if !right && guess.Confidence >= enough {
				t.Errorf("%s in %s is guessed as %s with %.2f: %+v", s.language, name, guess.Encoding, guess.Confidence, guess.Candidates)
			}
			if right && guess.Confidence < enough {
				t.Errorf("%s in %s is unclear: %s with %.2f: %+v", s.language, name, guess.Encoding, guess.Confidence, guess.Candidates)
			}
		}
	}
	t.Log(tests)
}

// sameText reports whether two encodings read lines alike.
func sameText(lines [][]byte, one, other string) bool {
	for _, line := range lines {
		a, okA := charset.NewDecoder(one).Decode(line)
		b, okB := charset.NewDecoder(other).Decode(line)
		if okA != okB || string(a) != string(b) {
			return false
		}
	}
	return true
}
