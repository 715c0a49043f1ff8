// What reads badly or is a mistake more often than not; names and types are TypeScript's to check.
const js = require("@eslint/js");

module.exports = [
  {
    files: ["demo/**/*.js", "vqvae/engine/**/*.js", "vqvae/export/**/*.js", "tests/js/**/*.mjs"],
    languageOptions: { ecmaVersion: 2024, sourceType: "module" },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      ...js.configs.recommended.rules,
      "no-undef": "off",
      eqeqeq: ["error", "always"],
      "no-duplicate-imports": "error",
      "no-implicit-globals": "error",
      "no-self-compare": "error",
      "no-shadow": ["error", { hoist: "functions" }],
      "no-template-curly-in-string": "error",
      "no-throw-literal": "error",
      "no-unneeded-ternary": "error",
      "no-use-before-define": ["error", { functions: false, classes: false, variables: false }],
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": ["error", { destructuring: "all" }],
      "prefer-template": "error",
    },
  },
];
