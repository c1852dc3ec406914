"""Titles, names and descriptions of the demo: short phrases of Russian and English, each in its right form."""

from random import Random
from typing import Final

from artel.demo import words
from artel.demo.words import Noun

_VOWELS: Final = "aeiou"


def adjective(masculine: str, gender: str) -> str:
    """A Russian adjective in the nominative of a gender (m, f, n) or of the plural (p), made of its masculine form."""
    stem, ending = masculine[:-2], masculine[-2:]
    if gender == "m":
        return masculine
    if ending == "ий" and stem[-1] == "н":  # soft: последний, последняя
        return stem + {"f": "яя", "n": "ее", "p": "ие"}[gender]
    neuter = "ее" if ending == "ий" and stem[-1] in "жшчщ" else "ое"
    plural = "ие" if stem[-1] in "гкхжшчщ" else "ые"
    return stem + {"f": "ая", "n": neuter, "p": plural}[gender]


def surname(masculine: str, gender: str) -> str:
    """A Russian surname as a man or a woman has it."""
    if gender == "m":
        return masculine
    if masculine.endswith(("ий", "ой", "ый")):
        return masculine[:-2] + "ая"
    return masculine + "а"


def russian_name(draw: Random) -> tuple[str, str]:
    """A first name and a surname that fit."""
    gender = draw.choice("mf")
    return draw.choice(words.GIVEN[gender]), surname(draw.choice(words.SURNAMES), gender)


def english_name(draw: Random) -> tuple[str, str]:
    """A first name and a surname."""
    return draw.choice(words.GIVEN_EN), draw.choice(words.SURNAMES_EN)


def shop_name(draw: Random) -> str:
    """«Тихая полка»."""
    noun = draw.choice(words.SHOP_NOUNS)
    return _with_adjective(draw, noun)


def title(draw: Random, genre: str, language: str) -> str:
    """A title of a genre: novel, story, child, or one of the subjects."""
    made = (_russian if language == "ru" else _english)(draw, genre)
    return made[0].upper() + made[1:]


def description(draw: Random, genre: str, language: str) -> str:
    """Two sentences about a book of a genre."""
    return (_described if language == "ru" else _described_en)(draw, genre)


def _with_adjective(draw: Random, noun: Noun) -> str:
    return adjective(draw.choice(words.ADJECTIVES), noun.gender).capitalize() + " " + noun.nominative


def _russian(draw: Random, genre: str) -> str:
    if genre == "child":
        return _child(draw)
    if genre in words.SUBJECTS:
        return _about(draw, genre)
    thing, other = draw.sample(words.THINGS, 2)
    person, city = draw.choice(words.PEOPLE), draw.choice(words.CITIES)
    first, second = draw.sample(words.PAIRS, 2)
    return draw.choice(
        [
            _with_adjective(draw, thing),
            _with_adjective(draw, thing),
            f"{draw.choice(words.KIN)} {person.genitive}",
            f"{draw.choice(words.KIN)} {person.genitive}",
            f"{first} и {second.lower()}",
            f"{thing.nominative} в {city[2]}",
            f"письма из {city[1]}",
            f"{person.nominative} из {city[1]}",
            f"{_with_adjective(draw, thing)} {person.genitive}",
            f"{thing.nominative} и {other.nominative}",
        ]
        if genre == "novel"
        else [
            f"{_with_adjective(draw, thing)}: рассказы",
            f"{thing.nominative} {person.genitive} и другие рассказы",
            f"двенадцать историй о {city[2]}" if city[2][0] not in "АИОУЭ" else f"двенадцать историй об {city[2]}",
            f"{first}, {second.lower()} и другие истории",
        ]
    )


def _child(draw: Random) -> str:
    animal = draw.choice(words.ANIMALS)
    name, of_name = draw.choice(words.PET_NAMES[animal.gender])
    return draw.choice(
        [
            f"{animal.nominative}, {draw.choice(words.DEEDS[animal.gender])}",
            f"приключения {animal.genitive} {of_name}",
            f"{animal.nominative} {name} и {_lower_first(_with_adjective(draw, draw.choice(words.THINGS)))}",
            f"как {animal.nominative} {name} {'ходил' if animal.gender == 'm' else 'ходила'} в гости",
            f"сказки {animal.genitive} {of_name}",
        ]
    )


def _about(draw: Random, genre: str) -> str:
    subject, of_subject, about = draw.choice(words.SUBJECTS[genre])
    person, city = draw.choice(words.PEOPLE), draw.choice(words.CITIES)
    shared = [f"{subject}: записки {person.genitive}", f"{subject}. Взгляд из {city[1]}"]
    patterns = {
        "history": [f"краткая история {of_subject}", f"{subject}: большая биография", f"разговоры {about}", *shared],
        "science": [f"введение в мир {of_subject}", f"{subject} для любопытных", f"что мы знаем {about}", *shared],
        "kitchen": [f"{subject}: домашняя книга рецептов", f"азбука {of_subject}", *shared],
        "garden": [f"{subject} круглый год", f"всё {about}", f"{subject}: календарь садовода", *shared],
        "craft": [f"{subject}: первые шаги", f"{subject} шаг за шагом", f"тихое ремесло. Книга {about}", *shared],
    }
    return draw.choice(patterns[genre])


def _described(draw: Random, genre: str) -> str:
    thing, person, city = draw.choice(words.THINGS), draw.choice(words.PEOPLE), draw.choice(words.CITIES)
    if genre in words.SUBJECTS:
        _, of_subject, about = draw.choice(words.SUBJECTS[genre])
        return draw.choice(
            [
                f"Понятная книга для тех, кто начинает с нуля. Отдельная глава {about}.",
                f"Иллюстрированное издание с указателем. Среди прочего в нём рассказано {about}.",
                f"Автор много лет работает в {city[2]} и делится опытом. В приложении: словарь {of_subject}.",
            ]
        )
    if genre == "child":
        return draw.choice(
            [
                "Добрая история для чтения вслух. С цветными рисунками.",
                "Крупный шрифт, короткие главы и счастливый конец. Для детей от пяти лет.",
                f"Сказка, придуманная в {city[2]} для одной непоседы. С рисунками автора.",
            ]
        )
    find = draw.choice(words.FINDS)
    found = {"m": "найден", "f": "найдена", "n": "найдено", "p": "найдены"}[find.gender]
    lost = adjective(draw.choice(("старый", "забытый", "чужой")), find.gender)
    return draw.choice(
        [
            f"В {city[2]} {found} {lost} {find.nominative}. Теперь жизнь маленькой улицы не будет прежней.",
            f"{_lead(person)} возвращается в родной город и узнаёт тайну "
            f"старого дома. Книга о людях, которые умеют ждать.",
            f"Семейная сага о трёх поколениях из {city[1]}. О том, что остаётся, когда уходит {_came(thing)}.",
        ]
    )


def _came(thing: Noun) -> str:
    return "детство" if thing.gender == "p" else "лето" if thing.gender in "nm" else "зима"


def _lead(person: Noun) -> str:
    return person.nominative.capitalize()


def _lower_first(text: str) -> str:
    return text[0].lower() + text[1:]


def _english(draw: Random, genre: str) -> str:
    adj, thing, place = draw.choice(words.ADJECTIVES_EN), draw.choice(words.THINGS_EN), draw.choice(words.PLACES_EN)
    person, kin = draw.choice(words.PEOPLE_EN), draw.choice(words.KIN_EN)
    first, second = draw.sample(words.PAIRS_EN, 2)
    if genre in words.SUBJECTS_EN:
        subject = draw.choice(words.SUBJECTS_EN[genre])
        shared = [f"{_plain(subject)}: Notes from {place}", f"The {person}’s Book of {subject}"]
        patterns = {
            "history": [f"A Short History of {subject}", f"The World of {subject}", *shared],
            "science": [f"{_plain(subject)} for the Curious", f"What We Know about {subject}", *shared],
            "kitchen": [f"The Book of {subject}", f"{subject} at Home", *shared],
            "garden": [f"{_plain(subject)}: A Year of Work", f"All about {subject}", *shared],
            "craft": [f"{subject} Step by Step", f"The Quiet Craft of {subject}", *shared],
        }
        return draw.choice(patterns[genre])
    if genre == "child":
        return f"The {draw.choice(words.ANIMALS_EN)} {draw.choice(words.DEEDS_EN)}"
    if genre == "story":
        return draw.choice([f"The {adj} {thing} and Other Stories", f"Twelve Tales from {place}"])
    return draw.choice(
        [
            f"The {adj} {thing}",
            f"The {person}’s {kin}",
            f"{first} and {second}",
            f"Letters from {place}",
            f"The {thing} at {place}",
            f"The {person} of {place}",
        ]
    )


def _described_en(draw: Random, genre: str) -> str:
    place, person = draw.choice(words.PLACES_EN), draw.choice(words.PEOPLE_EN)
    if genre in words.SUBJECTS_EN:
        subject = draw.choice(words.SUBJECTS_EN[genre])
        return draw.choice(
            [
                f"A clear book for beginners, with a chapter on {_lower_first(subject)}.",
                f"An illustrated guide by somebody who has done it for years in {place}. With an index.",
            ]
        )
    if genre == "child":
        return "A kind story to read aloud, with pictures in colour. For children of five and older."
    article = "An" if person[0].lower() in _VOWELS else "A"
    return draw.choice(
        [
            f"{article} {person.lower()} comes home to {place} and finds that nobody has forgotten anything.",
            f"Three generations of one family in {place}, and the house that keeps them together.",
        ]
    )


def _plain(subject: str) -> str:
    return subject.removeprefix("the ")
