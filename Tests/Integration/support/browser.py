"""A real browser: Chromium without a window, with a profile of its own, and an ear for what it complains of."""

import os
import shutil
import tempfile
from contextlib import contextmanager

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from .waiting import DEADLINE_SECONDS, wait_until


@contextmanager
def chromium(*further):
    """A browser that ends with the block, and fails it when a page had errors. `further` are arguments of Chromium's."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    assert program and driver, "chromium and chromium-driver are not installed: scripts/test-setup does it"
    folder = tempfile.mkdtemp(prefix="heights-browser-")
    options = Options()
    options.binary_location = program
    for argument in ["--headless=new", "--window-size=1280,1000", f"--user-data-dir={folder}", "--disable-dev-shm-usage",
                     "--no-first-run", "--disable-background-networking", "--lang=en", *further]:
        options.add_argument(argument)
    if os.geteuid() == 0:
        # Chromium's sandbox refuses to be root's.
        options.add_argument("--no-sandbox")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = None
    try:
        browser = webdriver.Chrome(options=options, service=Service(executable_path=driver))
        browser.set_page_load_timeout(DEADLINE_SECONDS)
        yield Browser(browser)
    finally:
        if browser:
            browser.quit()
        shutil.rmtree(folder, ignore_errors=True)


class Browser:
    """What a person does with a page: by labels, names of buttons and links, and the text that is seen."""

    def __init__(self, driver):
        self.driver = driver
        self._complaints = []

    def open(self, url):
        self.driver.get(url)
        return self

    @property
    def text(self):
        """All that is to be read on the page."""
        return self._ask("document.body.innerText") or ""

    @property
    def path(self):
        return self.driver.execute_script("return location.pathname")

    def see(self, text):
        """Waits until the page shows `text`."""
        return wait_until(lambda: text in self.text, f"the page shows {text!r}; it shows {self.text!r}")

    def fill(self, label, text):
        """Types into the field of that label."""
        field = wait_until(lambda: self._labelled(label), f"a field {label!r}")
        field.clear()
        field.send_keys(text)
        return self

    def attach(self, label, path):
        """Chooses a file for the field of that label."""
        wait_until(lambda: self._labelled(label), f"a field {label!r}").send_keys(str(path))
        return self

    def value(self, label):
        """What stands in the field of that label."""
        return self._labelled(label).get_attribute("value")

    def _labelled(self, label):
        for element in self.driver.find_elements(By.CSS_SELECTOR, "input, textarea, select"):
            if element.accessible_name.startswith(label):
                return element
        return None

    def press(self, name, within=None):
        """Presses the button of that name and waits for the page after it."""
        return self._activate("button", name, within)

    def follow(self, name, within=None):
        """Follows the link of that name and waits for its page."""
        return self._activate("a", name, within)

    def click(self, name, within="body"):
        """Presses a button of a page that stays."""
        inside = self.driver.find_element(By.CSS_SELECTOR, within)
        button = wait_until(lambda: self._enabled("button", name, inside), f"a button {name!r} that can be pressed")
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", button)
        button.click()
        return self

    def choose(self, label, text):
        """Chooses an entry of the list of that label."""
        Select(wait_until(lambda: self._labelled(label), f"a list {label!r}")).select_by_visible_text(text)
        return self

    def key(self, name):
        """Presses a key where the focus is."""
        ActionChains(self.driver).send_keys(getattr(Keys, name)).perform()
        return self

    def tab_to(self, name):
        """Presses the tabulator key until the focus is there."""
        for _ in range(200):
            if self.focused == name:
                return self
            self.key("TAB")
        raise AssertionError(f"the tabulator key does not lead to {name!r}")

    @property
    def focused(self):
        """The name of what has the focus."""
        return self.driver.switch_to.active_element.accessible_name

    def run(self, script):
        """What a script of ours returns; it is not a part of the page."""
        return self.driver.execute_script(script)

    def resize(self, width, height, **features):
        """Gives the page exactly this size, and what a person prefers, such as `{"prefers-color-scheme": "dark"}`."""
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": name, "value": value} for name, value in features.items()]})
        return self

    def _activate(self, kind, name, within):
        element = wait_until(lambda: self._named(kind, name, within), f"a {kind} {name!r}")
        self.driver.execute_script("document.documentElement.dataset.left = 'yes'")
        element.click()
        wait_until(lambda: self._ask("document.readyState === 'complete' && !document.documentElement.dataset.left"),
                   f"the page after {name!r}")
        return self

    def _ask(self, expression):
        """What the page says to an expression of JavaScript; None while one page makes room for the next."""
        try:
            return self.driver.execute_script(f"return {expression}")
        except WebDriverException:
            return None

    def _enabled(self, kind, name, within):
        element = self._named(kind, name, within)
        return element if element and element.is_enabled() else None

    def _named(self, kind, name, within):
        elements = (within or self.driver).find_elements(By.TAG_NAME, kind)
        try:
            shown = [(element, element.accessible_name or "") for element in elements if element.is_displayed()]
        except StaleElementReferenceException:
            # The page has put others in their place meanwhile: whoever waits looks again.
            return None
        exact = [element for element, its_name in shown if its_name == name]
        return next(iter(exact + [element for element, its_name in shown if name in its_name]), None)

    def job(self, title):
        """The report of the console's job of that title, once it has one: what each figure is called, and its text."""
        def report():
            jobs = [job for job in self.driver.find_elements(By.CLASS_NAME, "job") if title in job.text]
            facts = jobs[0].find_elements(By.CSS_SELECTOR, ".job-report div") if jobs else []
            return {fact.find_element(By.TAG_NAME, "dt").text: fact.find_element(By.TAG_NAME, "dd").text for fact in facts}

        return wait_until(report, f"a report of {title!r}")

    def article(self, text):
        """The post that says `text`."""
        posts = self.driver.find_elements(By.TAG_NAME, "article")
        return next(post for post in posts if text in post.text)

    def picture_widths(self, within):
        """The true widths of the pictures that are shown; 0 for one that could not be loaded."""
        pictures = within.find_elements(By.TAG_NAME, "img")
        return [self.driver.execute_script("return arguments[0].naturalWidth", picture) for picture in pictures]

    def expect_no_complaint(self, url):
        """Nothing was missing, no script failed, and nothing was against the page's own security policy."""
        self._complaints += self.driver.get_log("browser")
        told = [line for line in self._complaints if line["level"] in ("SEVERE", "WARNING")]
        assert not told, f"{url}: {told}"
