"""Stop lists: words of a language's closed classes, which say next to nothing about what a text is on.

Articles, pronouns, forms of auxiliary verbs, prepositions, conjunctions and question words, written by hand.
Left out on purpose are negations, as `can I` and `can I not` are two questions (so French `sans` and German
`ohne` are searched too), numerals, most adverbs, and nouns that look like such a word in a common use.
Published lists were read and not taken: they drop content (`lavoro`, `parole`, `घर`), and some are in a
broken encoding. A word that is missing costs some time in search and hardly any quality, since its idf is
small; a content word too many costs every question that hangs on it. So in doubt a word is not listed, and a
language without a list has none. The lists hold 14 (Turkish) to 49 (Norwegian) in 100 words of running text
(Tatoeba and NTREX-128).
"""


def _words(table: str) -> frozenset[str]:
    return frozenset(table.split())


_SERBO_CROATIAN = """
    a ali ako da i ili je jer kao kad kada kako koja koje koji kojih kojim koju li na nego o od po pod pred
    pri sa se sam smo ste su šta što ta taj te ti to tu u uz za bi bih biti bude budu će ćemo ćete ću hoće
    iz ja ih im joj mi mu moj naš njega njegov njen njih on ona oni ono ova ovaj ove ovo svoj vam vas vaš vi
    do kroz među
"""

STOP_WORDS = {
    "ara": _words("""
        في من إلى على عن مع هذا هذه ذلك تلك هؤلاء التي الذي الذين ما ماذا متى أين كيف هل أن إن أو ثم و ف ب ل
        كان كانت يكون تكون هو هي هم هن نحن أنا أنت أنتم كما لكن حيث حتى إذا قد لقد كل أي أيضا بين عند لدى له
        لها لهم لك لكم لنا لي به بها فيه فيها منه منها عليه عليها إليه إليها عنه عنها وهو وهي
    """),
    "bul": _words("""
        и в във на за от с със се да е са си по че ще до това които който която което като или но при към
        ако ми му ви ни им го я ги аз ти той тя то ние вие те съм сме сте беше бяха бъде бъдат какво как
        кога къде кой коя кои защо дали ли а този тази тези тяхното ваш ваша ваше вашата вашите вашия вас
        нас след преди чрез между под над така също има
    """),
    "cat": _words("""
        el la els les un una uns unes de del dels d a al als amb en per pel pels i o que què qui com quan on
        quin quina quins quines és són era ser estar està estan ha han he hem heu hi ho es em et ens us li
        si però ja aquest aquesta aquests aquestes això seu seva seus seves meu vostre vostra ell ella ells
        elles va
    """),
    "ces": _words("""
        a aby ale ani až bude budou by být byl byla byli bylo co či do ho i já jak jako je jeho jej její
        jejich jen jestli ji jsem jsi jsme jsou jste k kde kdo kdy když která které který kteří ke ku ma mám
        máte mi mne mně můj my na nad nám nás náš nebo něj o od on ona oni ono pak po pod podle pokud pro
        proč protože před při s se si své svůj ta tak také tato te tedy ten tento ti to toho tom tomu tu ty
        u už v vám vás váš vaše ve vy z za ze že
    """),
    "dan": _words("""
        af alle at blev blive bliver da de dem den denne der deres det dette dig din dine disse dit du efter
        eller en end er et for fra ham han hans har havde have hende hendes her hos hun hvad hvem hver
        hvilke hvilken hvis hvor hvordan hvorfor hvornår i jeg jer jeres kan kunne man med men mig min mine
        mit når nogen noget nogle og også om op os over på sig sin sine sit skal skulle som så til ud under
        være var vi vil ville vor vores
    """),
    "deu": _words("""
        aber als am an auch auf aus bei bis da damit dann das dass daß dein deine deinem deinen deiner dem
        den denn der des dessen deren die dies diese diesem diesen dieser dieses dir dich doch du durch ein
        eine einem einen einer eines er es euch euer eure eurem euren eurer für habe haben hat hatte hatten
        ich ihm ihn ihnen ihr ihre ihrem ihren ihrer ihres im in ins ist ja jede jedem jeden jeder jedes
        kann kannst können könnt man mein meine meinem meinen meiner mich mir mit nach noch nun nur ob oder
        sein seine seinem seinen seiner sich sie sind so soll sollen sollte über um und uns unser unsere
        unserem unseren unserer unter vom von vor wann war waren warum was welche welchem welchen welcher
        welches wenn wer werde werden wie wieso wir wird wirst wo woher wohin wurde wurden zu zum zur hast
        bin bist
    """),
    "ell": _words("""
        ο η το οι τα του της των τον την τους τις στο στη στην στον στους στις στα και κι να θα με σε από
        για ως που πως ότι αν ή είναι ήταν είμαι είστε έχω έχει έχετε έχουν έχουμε ένα ένας μια μία ενός
        μιας αυτό αυτή αυτός αυτά αυτές αυτοί αυτού αυτής αυτών τι ποιο ποια ποιος ποιοι πού πώς πότε γιατί
        μου σου μας σας όπως όταν εάν αλλά προς κατά μετά μεταξύ δια εγώ εσύ εμείς εσείς τη είσαι
    """),
    "eng": _words("""
        a about after all also am an and any are as at be because been before being between both but by can
        could did do does doing during each for from had has have having he her here hers herself him
        himself his how i if in into is it its itself just me my myself of on or our ours ourselves out over
        own shall she should so some such than that the their theirs them themselves then there these they
        this those through to too until up upon us was we were what when where which while who whom whose
        why will with would you your yours yourself yourselves
    """),
    "fas": _words("""
        و در به از که این آن را با برای تا یا هم بر یک است هست هستند بود بودند باشد باشند شد شده شود ما من
        تو او شما آنها خود چه چگونه چرا کجا کی کدام اگر اما پس نیز هر می ها های ای ام اند آیا کرد کرده کند
        کنید کنم کنیم کنند
    """),
    "fin": _words("""
        ja on olla ole ovat oli olivat olen olet olemme olette se sen sitä siitä siinä siihen sille sillä ne
        niiden niitä niistä niissä niihin tämä tämän tätä tästä tässä tähän nämä näiden näitä hän hänen
        häntä hänelle he heidän minä minun minua minulle minulla sinä sinun sinua sinulle sinulla me meidän
        meitä meille te teidän teitä teille joka jonka jota josta jossa johon jotka joiden joita joista
        joissa mikä minkä mitä mistä missä mihin mitkä kuka ketkä kuinka miten miksi milloin kun että tai
        vai mutta myös jos kuin niin sekä
    """),
    "fra": _words("""
        à afin ai aie ainsi alors as au aussi aux avec avez avons c ce ceci cela celle celles celui ces cet
        cette ceux chez comment d dans de depuis des donc dont du elle elles en est et étaient était été
        êtes être eu eux il ils j je jusqu l la le les leur leurs lors lorsqu lorsque lui m ma mais me même
        mes mon n nos notre nous on ont ou où par parce pendant peut pour pourquoi puis puisque qu quand que
        quel quelle quelles quels qui quoi s sa se selon ses si son sont sous sur t ta te tes toi ton tu un
        une vers vos votre vous y a
    """),
    "heb": _words("""
        של על את אל עם זה זו זאת אלה אלו הוא היא הם הן אני אתה אתם אנחנו אנו כי אם או גם רק כל מה מי איך מתי
        איפה היכן למה מדוע האם כמו כדי אשר אבל יש היה היתה הייתה היו יהיה תהיה להיות שלי שלך שלו שלה שלנו
        שלכם שלהם לי לך לו לה לנו לכם להם אותו אותה אותם בו בה בהם בין עד מן ידי
    """),
    "hin": _words("""
        का के की को में से है हैं और एक यह ये वह वे इस इन उस उन पर ने भी कि तो ही हो होता होती होते था थी थे
        जो जिस जिन जब तब अगर यदि या लेकिन तक लिए साथ द्वारा कर करें करता करती करते करना करने किया गया गई गए
        जा जाता जाती जाते रहा रही रहे सकता सकती सकते क्या कैसे कब कहाँ कहां कौन क्यों किस मैं मेरा मेरी मेरे
        मुझे हूँ हम हमारा हमारी हमारे हमें आप आपका आपकी आपके आपको अपना अपनी अपने इसका इसकी इसके इसे उसका
        उसकी उसके उसे उनका उनकी उनके उन्हें कोई कुछ वाला वाली वाले
    """),
    "hun": _words("""
        a az egy és vagy hogy de is ha mint meg el ki be le fel ez azt ezt ezek azok aki akik amely amelyek
        ami amit mi mit miért mikor hol hogyan hová melyik én te ő ti ők önök ön engem téged őt minket van
        vannak volt voltak lesz lesznek lehet kell csak már még akkor így úgy ebben abban erre arra ennek
        annak ezen azon által után között alatt szerint pedig illetve valamint vagyok vagyunk
    """),
    "ind": _words("""
        yang dan di ke dari ini itu untuk dengan pada adalah oleh sebagai dalam atau akan juga karena bahwa
        saya anda kamu aku dia ia kami kita mereka apa apakah siapa bagaimana kapan mana mengapa kenapa jika
        kalau bila maka saat ketika agar supaya bisa dapat telah sudah masih ada para sebuah suatu tersebut
        seperti antara hingga sampai kepada terhadap namun tetapi tapi serta nya
    """),
    "ita": _words("""
        a ad agli ai al alla alle allo anche c che chi ci come con cosa cui d da dagli dai dal dalla dalle
        dallo degli dei del dell della delle dello di dove e è ed era erano essere gli ha hai hanno ho i il
        in io l la le lei li lo loro lui ma mi mia mie miei mio ne negli nei nel nella nelle nello noi
        nostra nostre nostri nostro o per perché però può qual quale quali quando quanto quella quelle
        quelli quello questa queste questi questo se si sia siamo siete sono sta su sua sue sugli sui sul
        sulla sulle sullo suo suoi ti tra fra tu tua tue tuo tuoi un una uno v vi voi vostra vostre vostri
        vostro
    """),
    "nld": _words("""
        aan al als bij dan dat de deze die dit door doch een en er had hadden heb hebben hebt heeft hem het
        hier hij hoe hun ik in is je jij jou jouw jullie kan kun kunnen kunt maar me met mij mijn na naar of
        om omdat onder ons onze ook op over te tot u uit uw van voor waar waarom wanneer waren was wat we
        welk welke werd wie wij worden wordt ze zich zij zijn zo zou zouden zal zullen
    """),
    "nob": _words("""
        alle at av ble bli blir da de dem den denne der dere deres det dette deg din dine disse ditt du
        eller en enn er et etter for fra ham han hans har hadde ha henne hennes her hos hun hva hvem hver
        hvilke hvilken hvilket hvis hvor hvordan hvorfor i jeg kan kunne man med men meg min mine mitt når
        noe noen og også om opp oss over på seg sin sine sitt skal skulle som så til ut under være var vi
        vil ville vår våre vårt å
    """),
    "pol": _words("""
        a aby ale albo bo by był była było były być będą będzie co czy dla do gdy gdzie go i ich im ja jak
        jaka jaki jakie jako je jego jej jest jestem jeśli jeżeli już kiedy kim kto która które którego
        której który których którym którzy lub ma mają mam mi mnie mój moja moje może można my na nad nam
        nas nasz nasza nasze o od on ona oni one oraz po pod przed przez przy są się siebie swoje swój ta
        tak także tam te tego tej ten to tu ty tych tym u w was wasz we wy z za ze że żeby
    """),
    "por": _words("""
        a à ao aos aquela aquele aquilo as às até com como da das de dela dele deles delas do dos e é ela
        elas ele eles em entre era eram essa essas esse esses esta está estão estar estas este estes eu foi
        foram há isso isto já lhe lhes mas me mesmo meu meus minha minhas na nas no nos nós nossa nossas
        nosso nossos num numa o onde os ou para pela pelas pelo pelos pode por porque qual quais quando que
        quem são se seja ser será seu seus sua suas também te tem têm ter teu tu tua um uma uns umas você
        vocês vos
    """),
    "ron": _words("""
        a ai al ale am ar are as asta astfel atunci au avea aveți ca că căci când care cărei căror ce cei
        cel cele cine cu cum da dacă dar de din dintre după ea ei ele el este ești eu eram era fi fie
        fiecare fost i îi îl îmi în într între îți la le li lor lui mă mea mele mei meu mi ne noi noștri
        nostru noastră o or ori pe pentru peste prin sa să sale se și sunt sub sau său spre te ți tu un una
        unde unei unor unui va vă veți voi vor vostru voastră e s l m
    """),
    "rus": _words("""
        и в во на с со к ко по о об от до из у за для при про через над под между перед после что чтобы как
        где когда кто куда почему зачем какой какая какие каких какое каким который которая которые которых
        которое это этот эта эти этого этой этом этих то тот та те того той том тех же ли бы а но или если
        так также я мне меня мной мы нас нам нами ты тебя тебе вы вас вам вами он его ему нему она её ей ней
        них они их им оно мой моя мое моё мои моего моей наш наша наши ваш ваша ваше ваши вашего вашей вашу
        свой своя свои своего своей быть был была было были будет будут есть уже еще ещё чем
    """),
    "slk": _words("""
        a aby aj ak ako ale alebo ani až bude budú by byť bol bola boli bolo čo či do ho i ich im ja je jeho
        jej k kde kedy keď kto ktorá ktoré ktorí ktorý ku ma má mi mňa môj môže my na nad nám nás náš o od
        on ona oni ono po pod podľa pre prečo pred pri s sa si so sme som ste sú svoj ta tá tak takže te ten
        tento to toho tom tomu tu ty tým u už v vám vás váš vaše vo vy z za zo že
    """),
    "spa": _words("""
        a al ante aquel aquella aquellos como cómo con cual cuál cuáles cuando cuándo de del desde donde
        dónde durante e el él ella ellas ellos en entre era eran eres es esa esas ese eso esos esta está
        están estas este esto estos estoy fue fueron ha han hasta hay he la las le les lo los me mi mis mía
        mío mientras mismo nos nosotros nuestra nuestras nuestro nuestros o os para pero por porque puede
        pueden que qué quien quién quienes se sea sean ser será si sido sobre son soy su sus también te
        tengo tiene tienen tu tú tus u un una unas unos usted ustedes vuestra vuestro y ya yo
    """),
    "srp": _words(_SERBO_CROATIAN),
    "swe": _words("""
        alla allt att av blev bli blir då de dem den denna deras dess dessa det detta dig din dina ditt du
        där efter eller en er era ert ett för från ha hade han hans har henne hennes hon honom hur här i jag
        kan kunde man med men mig min mina mitt mot ni när någon något några och också om oss på sig sin
        sina sitt ska skall skulle som så till under upp ut vad vara var varför varje vart vem vi vid vilka
        vilken vilket vår våra vårt är över
    """),
    "tur": _words("""
        ve veya ya da de ki bu şu o bir ile için gibi kadar göre sonra önce ama fakat ancak çünkü eğer ise
        mi mı mu mü ne nasıl neden niçin nerede nereye hangi kim kime ben beni bana benim sen seni sana
        senin biz bizi bize bizim siz sizi size sizin onu ona onun onlar onları onların bunu buna bunun
        bunlar şunu her hem daha olan olarak olur olabilir oldu olduğu edilir
    """),
    "ukr": _words("""
        і й та в у на з із зі до за для по про від при через над під між перед після що щоб як де коли хто
        куди чому який яка яке які яких яким якої це цей ця ці цього цієї цих то той те того тієї тих же чи
        би б а але або якщо так також я мені мене ми нас нам ти тебе тобі ви вас вам він його йому вона її
        їй вони їх їм воно мій моя моє мої наш наша наше наші ваш ваша ваше ваші вашого вашої вашу свій своя
        свої свого своєї бути був була було були буде будуть є вже ще ніж
    """),
    "vie": _words("""
        và là của các những cho có được với trong để này một khi thì mà ở từ tại do bởi vì nếu như cũng đã
        sẽ đang rằng hay hoặc nhưng ra vào lên tôi bạn chúng nó họ gì nào sao ai đâu đó đây ấy thế vậy
    """),
}  # fmt: skip
"""Language -> its words, as written; the analyser folds them as it folds text."""

STOP_WORDS |= {
    "bos": STOP_WORDS["srp"],
    "hbs": STOP_WORDS["srp"],
    "hrv": STOP_WORDS["srp"],
}
