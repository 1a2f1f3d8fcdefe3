# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameter binding: which argument goes to which parameter, and PowerShell's errors when it does not.

Rules: about_Parameters, about_Parameter_Sets, about_CommonParameters; texts: PowerShell's resource ParameterBinderStrings.
"""

from __future__ import annotations

import dataclasses
import typing as t

from lab.powershell.conversion import ConversionError, display, to_boolean, to_guid, to_int32, to_string
from lab.powershell.objects import Call, NetObject, PowerShellError

Converter = t.Callable[["Parameter", t.Any], t.Any]


@dataclasses.dataclass(frozen=True)
class Parameter:
    """A parameter of a cmdlet; ``position`` None means by name only."""

    name: str
    type_name: str = "String"
    position: int | None = None
    from_pipeline: bool = False
    aliases: tuple[str, ...] = ()

    @property
    def is_switch(self) -> bool:
        return self.type_name == "SwitchParameter"


@dataclasses.dataclass(frozen=True)
class Syntax:
    """A cmdlet's parameters and parameter sets (set to parameter to: is it mandatory there).

    :param source: second half of the error ids: the cmdlet's name for a function (such as those in an Exchange session),
        the .NET class for a compiled cmdlet
    """

    cmdlet: str
    parameters: t.Mapping[str, Parameter]
    sets: t.Mapping[str, t.Mapping[str, bool]]
    source: str

    @property
    def compiled(self) -> bool:
        return self.source != self.cmdlet

    def without(self, names: t.Collection[str]) -> Syntax:
        """The same without some parameters."""
        parameters = {name: parameter for name, parameter in self.parameters.items() if name not in names}
        sets = {key: {name: value for name, value in members.items() if name not in names} for key, members in self.sets.items()}
        return dataclasses.replace(self, parameters=parameters, sets=sets)


@dataclasses.dataclass
class Binding:
    """Arguments by full parameter name, converted; common parameters apart."""

    parameters: dict[str, t.Any]
    parameter_set: str
    common: dict[str, t.Any]

    @property
    def warnings_hidden(self) -> bool:
        """-WarningAction SilentlyContinue or Ignore."""
        return self._preference("WarningAction") in ("silentlycontinue", "ignore")

    def run(self, command: t.Callable[[], t.Iterable[t.Any]]) -> list[t.Any]:
        """Run the cmdlet; the errors it writes obey -ErrorAction (about_CommonParameters).

        :raises PowerShellError: as the command raised it, terminating under ``Stop``
        """
        try:
            return list(command())
        except PowerShellError as error:
            if not error.terminating:
                if self._preference("ErrorAction") in ("silentlycontinue", "ignore"):
                    return []
                error.terminating = self._preference("ErrorAction") == "stop"
            raise

    def _preference(self, name: str) -> str:
        return to_string(self.common.get(name, "continue")).lower()


_COMMON = {
    parameter.name: parameter
    for parameter in (
        Parameter("Verbose", "SwitchParameter", aliases=("vb",)),
        Parameter("Debug", "SwitchParameter", aliases=("db",)),
        Parameter("ErrorAction", aliases=("ea",)),
        Parameter("WarningAction", aliases=("wa",)),
        Parameter("InformationAction", aliases=("infa",)),
        Parameter("ErrorVariable", aliases=("ev",)),
        Parameter("WarningVariable", aliases=("wv",)),
        Parameter("InformationVariable", aliases=("iv",)),
        Parameter("OutVariable", aliases=("ov",)),
        Parameter("OutBuffer", "Int32", aliases=("ob",)),
        Parameter("PipelineVariable", aliases=("pv",)),
    )
}


def basic_conversion(parameter: Parameter, value: t.Any) -> t.Any:
    """The converter for cmdlets that take simple types only; other types pass unchanged."""
    if parameter.is_switch:
        return True if value is None else to_boolean(value, "System.Management.Automation.SwitchParameter")
    if parameter.type_name == "String[]":
        return [to_string(item) for item in value] if isinstance(value, (list, tuple)) else [to_string(value)]
    converters: dict[str, t.Callable[[t.Any], t.Any]] = {
        "String": to_string,
        "Boolean": to_boolean,
        "Int32": to_int32,
        "Guid": to_guid,
    }
    convert = converters.get(parameter.type_name)
    return convert(value) if convert else value


def bind(syntax: Syntax, call: Call, convert: Converter = basic_conversion) -> list[Binding]:
    """Bind a call: one binding, or one for each object from the pipeline where a parameter takes it.

    :raises PowerShellError: terminating, as the engine raises before the cmdlet runs
    """
    binder = _Binder(syntax, convert)
    for name, value in call.parameters:
        if name is not None:
            binder.bind_named(name, value)
    for name, value in call.parameters:
        if name is None:
            binder.bind_positional(value)
    return binder.finish(call.pipeline_input)


class _Binder:
    def __init__(self, syntax: Syntax, convert: Converter) -> None:
        self._syntax = syntax
        self._convert = convert
        self._bound: dict[str, t.Any] = {}
        self._common: dict[str, t.Any] = {}

    def bind_named(self, text: str, value: t.Any) -> None:
        parameter = self._find(text.lstrip("-").rstrip(":"))
        if parameter.name in self._bound or parameter.name in self._common:
            raise self._error(
                "ParameterAlreadyBound",
                f"Cannot bind parameter because parameter '{parameter.name}' is specified more than once. To provide "
                "multiple values to parameters that can accept multiple values, use the array syntax. For example, "
                '"-parameter value1,value2,value3".',
            )
        if parameter.name in _COMMON:
            self._common[parameter.name] = basic_conversion(parameter, value)
        else:
            self._set(parameter, value)

    def bind_positional(self, value: t.Any) -> None:
        possible = [
            parameter
            for parameter in self._syntax.parameters.values()
            if parameter.position is not None
            and parameter.name not in self._bound
            and any(parameter.name in self._syntax.sets[name] for name in self._valid_sets())
        ]
        if not possible:
            raise self._error(
                "PositionalParameterNotFound",
                f"A positional parameter cannot be found that accepts argument '{display(value)}'.",
            )
        self._set(min(possible, key=lambda parameter: parameter.position or 0), value)

    def finish(self, pipeline_input: list[t.Any]) -> list[Binding]:
        taker = next((p for p in self._syntax.parameters.values() if p.from_pipeline), None)
        if pipeline_input and taker is not None and taker.name not in self._bound:
            bindings = []
            for item in pipeline_input:
                self._set(taker, item.to_string if isinstance(item, NetObject) else item)
                bindings.append(self._binding())
                del self._bound[taker.name]
            return bindings
        return [self._binding()]

    def _binding(self) -> Binding:
        return Binding(dict(self._bound), self._choose_set(), dict(self._common))

    def _find(self, text: str) -> Parameter:
        known = [*self._syntax.parameters.values(), *_COMMON.values()]
        wanted = text.lower()
        for parameter in known:
            if wanted in (parameter.name.lower(), *(alias.lower() for alias in parameter.aliases)):
                return parameter
        matches = [p for p in known if any(n.lower().startswith(wanted) for n in (p.name, *p.aliases))]
        if not wanted or not matches:
            raise self._error("NamedParameterNotFound", f"A parameter cannot be found that matches parameter name '{text}'.")
        if len(matches) > 1:
            raise self._error(
                "AmbiguousParameter",
                f"Parameter cannot be processed because the parameter name '{text}' is ambiguous. Possible matches "
                f"include:{''.join(f' -{p.name}' for p in matches)}.",
            )
        return matches[0]

    def _set(self, parameter: Parameter, value: t.Any) -> None:
        self._refuse_empty(parameter, value)
        try:
            self._bound[parameter.name] = self._convert(parameter, value)
        except ConversionError as exc:
            raise self._conversion_error(parameter, str(exc)) from None

    def _refuse_empty(self, parameter: Parameter, value: t.Any) -> None:
        """A mandatory parameter takes neither $null nor an empty string or collection."""
        if parameter.is_switch or not any(s.get(parameter.name) for s in self._syntax.sets.values()):
            return
        for empty, what, name in (
            (value is None, "it is null", "Null"),
            (value == "", "it is an empty string", "EmptyString"),
            (value in ([], ()), "it is an empty collection", "EmptyCollection"),
        ):
            if empty:
                raise self._error(
                    f"ParameterArgumentValidationError{name}NotAllowed",
                    f"Cannot bind argument to parameter '{parameter.name}' because {what}.",
                    category="InvalidData",
                    exception="ParameterBindingValidationException",
                )

    def _valid_sets(self) -> list[str]:
        valid = [name for name, members in self._syntax.sets.items() if self._bound.keys() <= members.keys()]
        if not valid:
            raise self._error("AmbiguousParameterSet", "Parameter set cannot be resolved using the specified named parameters.")
        return valid

    def _choose_set(self) -> str:
        valid = self._valid_sets()
        missing = {
            name: [p for p, mandatory in self._syntax.sets[name].items() if mandatory and p not in self._bound] for name in valid
        }
        complete = [name for name in valid if not missing[name]]
        if complete:
            # assumed: the references do not name the default set; where several are complete any of them will do.
            return complete[0]
        if len(valid) > 1:
            raise self._error("AmbiguousParameterSet", "Parameter set cannot be resolved using the specified named parameters.")
        raise self._error(
            "MissingMandatoryParameter",
            f"Cannot process command because of one or more missing mandatory parameters: {' '.join(missing[valid[0]])}.",
        )

    def _conversion_error(self, parameter: Parameter, text: str) -> PowerShellError:
        """A function transforms its argument, a compiled cmdlet converts it; the words differ."""
        if self._syntax.compiled:
            return self._error("CannotConvertArgumentNoMessage", f"Cannot bind parameter '{parameter.name}'. {text}")
        return self._error(
            "ParameterArgumentTransformationError",
            f"Cannot process argument transformation on parameter '{parameter.name}'. {text}",
            category="InvalidData",
            exception="ParameterBindingArgumentTransformationException",
        )

    def _error(
        self,
        error_id: str,
        message: str,
        *,
        category: str = "InvalidArgument",
        exception: str = "ParameterBindingException",
    ) -> PowerShellError:
        return PowerShellError(
            message,
            error_id=f"{error_id},{self._syntax.source}",
            category=category,
            exception_type=f"System.Management.Automation.{exception}",
            terminating=True,
        )


def command_not_found(cmdlet: str) -> PowerShellError:
    """An unknown name: misspelt, not in this version, or no role that holds it (about_Command_Precedence)."""
    return PowerShellError(
        f"The term '{cmdlet}' is not recognized as the name of a cmdlet, function, script file, or operable program. "
        "Check the spelling of the name, or if a path was included, verify that the path is correct and try again.",
        error_id="CommandNotFoundException",
        category="ObjectNotFound",
        exception_type="System.Management.Automation.CommandNotFoundException",
        target=cmdlet,
        terminating=True,
    )
