"""What CloudFormation makes of the expressions in a template, worked out a second time."""

import base64
import re


class Unknown:
    """A value that only AWS knows, such as an address. It equals everything, so nothing is proven by it."""

    def __eq__(self, other):
        return True

    def __repr__(self):
        return "(known to AWS only)"

    __hash__ = None


UNKNOWN = Unknown()
ABSENT = object()


class Expressions:
    """Works out the values of one stack. `attribute(logical_id, name)` knows what `Fn::GetAtt` gives, or UNKNOWN."""

    def __init__(self, template, parameters, references, attribute, pseudo, zones):
        self._template = template
        self._attribute = attribute
        self._zones = zones
        defaults = {
            name: parameter["Default"]
            for name, parameter in template.get("Parameters", {}).items() if "Default" in parameter}
        self._names = {**defaults, **parameters, **references, **{f"AWS::{name}": value for name, value in pseudo.items()}}

    def value(self, node):
        """The value of an expression; ABSENT for `AWS::NoValue`."""
        if isinstance(node, list):
            return [value for value in map(self.value, node) if value is not ABSENT]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            name, operand = next(iter(node.items()))
            if name == "Ref" or name.startswith("Fn::"):
                return self._function(name, operand)
        values = {name: self.value(operand) for name, operand in node.items()}
        return {name: value for name, value in values.items() if value is not ABSENT}

    def holds(self, condition):
        return self._condition(self._template["Conditions"][condition])

    def _function(self, name, operand):
        return getattr(self, "_" + name.removeprefix("Fn::").lower())(operand)

    def _ref(self, name):
        if name == "AWS::NoValue":
            return ABSENT
        return self._names.get(name, UNKNOWN)

    def _getatt(self, operand):
        logical_id, name = operand.split(".", 1) if isinstance(operand, str) else operand
        return self._attribute(logical_id, name)

    def _sub(self, operand):
        text, variables = operand if isinstance(operand, list) else (operand, {})
        values = {name: self.value(value) for name, value in variables.items()}
        found = []

        def replace(match):
            name = match.group(1)
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            value = values[name] if name in values else self._getatt(name) if self._is_attribute(name) else self._ref(name)
            found.append(value)
            return str(value)

        result = re.sub(r"\$\{([^}]*)\}", replace, text)
        return UNKNOWN if any(value is UNKNOWN for value in found) else result

    def _is_attribute(self, name):
        return "." in name and not name.startswith("AWS::")

    def _join(self, operand):
        separator, parts = operand[0], self.value(operand[1])
        if parts is UNKNOWN or any(part is UNKNOWN for part in parts):
            return UNKNOWN
        return separator.join(map(str, parts))

    def _split(self, operand):
        text = self.value(operand[1])
        return UNKNOWN if text is UNKNOWN else text.split(operand[0])

    def _select(self, operand):
        values = self.value(operand[1])
        return UNKNOWN if values is UNKNOWN else values[int(self.value(operand[0]))]

    def _getazs(self, _):
        return self._zones

    def _findinmap(self, operand):
        name, first, second = map(self.value, operand)
        return self._template["Mappings"][name][first][second]

    def _if(self, operand):
        condition, yes, no = operand
        return self.value(yes if self.holds(condition) else no)

    def _base64(self, operand):
        text = self.value(operand)
        return UNKNOWN if text is UNKNOWN else base64.b64encode(text.encode()).decode()

    def _condition(self, node):
        name, operand = next(iter(node.items()))
        if name == "Fn::Equals":
            return self.value(operand[0]) == self.value(operand[1])
        if name == "Fn::Not":
            return not self._condition(operand[0])
        if name == "Fn::And":
            return all(map(self._condition, operand))
        if name == "Fn::Or":
            return any(map(self._condition, operand))
        assert name == "Condition", f"an unknown condition: {node}"
        return self.holds(operand)
