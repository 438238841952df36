"""Word tables of the cleaning rules: texts that nobody wrote, texts of links, menu entries; in lower case."""


def _entries(table: str) -> frozenset[str]:
    return frozenset(entry.strip() for line in table.strip().splitlines() for entry in line.split("|"))


UNWRITTEN = _entries("""
    null|undefined|none|nan|n/a|tbd|tba|tbc|todo|to do|test|testing|test test|this is a test|asdf|asdfasdf
    qwerty|xxx|foo|bar|answer|question|the answer|the question|your answer|your question|answer here
    question here|your answer here|your question here|answer goes here|question goes here|enter answer here
    enter question here|enter your answer here|enter your question here|type your answer here
    type your question here|write your answer here|add your answer here|add answer here|sample answer
    sample question|example answer|example question|answer text|question text|faq answer|faq question
    coming soon|content coming soon|answer coming soon|to be added|to be determined|to be announced
    placeholder|no answer|no answer yet|new question|new answer|accordion title|accordion content|toggle title
    toggle content|dummy text
    antwort|frage|platzhalter|folgt|en construction|à venir|próximamente|em breve|respuesta|pregunta
    resposta|pergunta|в разработке|ответ|вопрос|тест|待补充|待定|測試|测试|テスト|準備中|테스트|준비 중|준비중
""")
"""Texts that stand where nobody wrote a question or an answer."""

LINK_TEXTS = _entries("""
    read more|click here|learn more|see more|more|more info|more information|find out more|see here|see below
    see above|view more|show more|continue reading|read the full answer|details|here
    mehr|mehr erfahren|weiterlesen|mehr lesen|mehr dazu|hier klicken|siehe oben|siehe unten
    en savoir plus|lire la suite|cliquez ici|voir plus|voir ci-dessous|voir ci-dessus
    leer más|más información|ver más|haga clic aquí|clic aquí|saiba mais|leia mais|clique aqui|ver mais
    leggi tutto|leggi di più|scopri di più|clicca qui|lees meer|meer informatie|klik hier
    czytaj więcej|więcej|dowiedz się więcej|kliknij tutaj|číst více|zobrazit více|čítať viac|tovább|bővebben
    citește mai mult|läs mer|les mer|læs mere|lue lisää|подробнее|читать далее|узнать больше|нажмите здесь
    докладніше|читати далі|прочетете повече|прочитај више|διαβάστε περισσότερα|devamını oku
    daha fazla bilgi|baca selengkapnya|selengkapnya|xem thêm|اقرأ المزيد|المزيد|اضغط هنا|بیشتر بخوانید
    ادامه مطلب|קרא עוד|לחצו כאן|और पढ़ें|यहाँ क्लिक करें|আরও পড়ুন|อ่านเพิ่มเติม
    もっと見る|詳しくはこちら|続きを読む|こちら|了解更多|查看更多|阅读更多|點擊這裡|点击这里
    더 보기|더보기|자세히 보기|여기를 클릭
""")
"""Texts of links: what they lead to was not extracted."""

MENU_ENTRIES = _entries("""
    home|homepage|menu|main menu|login|log in|sign in|sign up|register|contact|contact us|about|about us
    privacy|privacy policy|cookie policy|terms|terms of use|terms of service|terms and conditions|imprint
    sitemap|site map|search|cart|shopping cart|basket|checkout|blog|news|shop|products|services|careers|jobs
    press|gallery|portfolio|testimonials|faq|faqs|skip to content|back to top|newsletter|subscribe
    startseite|menü|anmelden|registrieren|kontakt|über uns|datenschutz|impressum|agb|suche|warenkorb|produkte
    leistungen|karriere|aktuelles|zum inhalt springen
    accueil|connexion|inscription|à propos|mentions légales|plan du site|recherche|panier|produits|boutique
    inicio|iniciar sesión|contacto|sobre nosotros|quiénes somos|aviso legal|productos|servicios|tienda|carrito
    início|entrar|contato|sobre nós|quem somos|produtos|serviços|loja|carrinho
    accedi|contatti|chi siamo|prodotti|servizi|negozio|carrello
    winkelwagen|over ons|producten|diensten|inloggen|strona główna|o nas|produkty|usługi|koszyk|zaloguj się
    úvod|domů|košík|přihlásit se|hem|om oss|kundvagn|logga in|hjem|etusivu|tietoa meistä
    главная|контакты|о нас|о компании|войти|регистрация|корзина|каталог|товары|услуги|новости|карта сайта
    головна|контакти|про нас|увійти|кошик|начало|за нас|αρχική|επικοινωνία|σχετικά με εμάς
    anasayfa|ana sayfa|hakkımızda|iletişim|ürünler|giriş yap|sepet
    الرئيسية|اتصل بنا|من نحن|تسجيل الدخول|المنتجات|صفحه اصلی|تماس با ما|درباره ما|דף הבית|צור קשר|אודות
    होम|हमारे बारे में|संपर्क करें|หน้าแรก|ติดต่อเรา|เกี่ยวกับเรา
    trang chủ|liên hệ|giới thiệu|giỏ hàng|beranda|tentang kami|hubungi kami
    首页|首頁|关于我们|關於我們|联系我们|聯繫我們|登录|登入|注册|产品|产品中心|新闻中心|购物车
    ホーム|会社概要|お問い合わせ|ログイン|サイトマップ|홈|회사소개|문의하기|로그인|장바구니
""")
"""Entries of site menus."""
